/** Whom to ask about a partition, and when to stop asking: what metadata means for an assigned partition. */
import { FatalError, RetriableError } from '@millrace/core'
import type { MetadataCache } from '../cluster/metadata-cache.ts'
import { responseError, topicMissing } from '../cluster/response-error.ts'
import { noTopicId } from '../cluster/topic-metadata.ts'
import { errorCode } from '../codec/error-code.ts'
import type { PartitionBuffer } from './partition-buffer.ts'

/** Metadata has no leader for the partition: refresh it. */
export const leaderUnknown = -1
/** The partition must not be fetched now. */
export const nothingToAsk = -2

/**
 * Node id of the leader, or one of the two numbers above.
 *
 * Sets `error` when the topic is another one than at first (deleted and created anew: offsets mean nothing there), or
 * has no such partition.
 */
export function leaderToAsk(metadata: MetadataCache, buffer: PartitionBuffer): number {
  if (buffer.isBlocked()) return nothingToAsk
  const { topic, partition } = buffer
  const known = metadata.topic(topic)
  if (known === undefined) return leaderUnknown
  if (buffer.topicId === null) buffer.topicId = known.id
  const partitions = known.partitions.length
  if (isReplaced(metadata, buffer)) {
    buffer.error = new FatalError('MR_PROTOCOL_TOPIC_REPLACED', { topic })
  } else if (partition >= partitions && partitions > 0) {
    buffer.error = new FatalError('MR_PROTOCOL_PARTITION_MISSING', { topic, partition, partitions })
  }
  if (buffer.error !== null) return nothingToAsk
  return metadata.leader(topic, partition)?.leader ?? leaderUnknown
}

/** True when the topic was deleted and created anew since it was first seen. */
export function isReplaced(metadata: MetadataCache, { topic, topicId }: PartitionBuffer): boolean {
  const id = metadata.topic(topic)?.id ?? topicId
  return topicId !== null && id !== topicId && id !== noTopicId
}

/** After a refresh: sets `error` when this user has no right to the topic, or it is missing for longer than `missingMs`. */
export function judgeTopic(
  metadata: MetadataCache,
  buffer: PartitionBuffer,
  at: { readonly nowMs: number; readonly missingMs: number },
): void {
  const { topic } = buffer
  const problem = metadata.problem(topic)
  if (problem === 0) {
    buffer.missingSinceMs = null
    return
  }
  const error = responseError(problem, { api: 'Metadata', what: `topic "${topic}"`, topic })
  if (!(error instanceof RetriableError)) buffer.error = error
  else if (problem === errorCode.UNKNOWN_TOPIC_OR_PARTITION) {
    buffer.missingSinceMs ??= at.nowMs
    if (at.nowMs - buffer.missingSinceMs >= at.missingMs) buffer.error = topicMissing(topic)
  }
}
