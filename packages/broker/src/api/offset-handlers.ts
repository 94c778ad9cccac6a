/** OffsetCommit, OffsetFetch and OffsetDelete. */
import {
  consumerProtocolSubscriptionSchema,
  decodeMessage,
  errorCode,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  type MessageInput,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Group } from '../group/group.ts'
import type { OffsetEntry } from '../journal/journal-entry.ts'
import { readInt16 } from '../log/batch-header.ts'
import { isElsewhere } from './group-handlers.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

type FetchedPartition = MessageInput<OffsetFetchResponse['topics'][number]['partitions'][number]>

/** From here on topics of offsets are named by id. */
const topicIdsFrom = 10
/** From here on several groups are asked for at once. */
const manyGroupsFrom = 8

/** One partition's offset as a client wants to have it committed. */
export interface WantedOffset {
  readonly partitionIndex: number
  readonly committedOffset: bigint
  readonly committedLeaderEpoch: number
  readonly committedMetadata: string | null
}

/** Splits wanted offsets into entries to be written and an answer for each partition. */
export function planOffsets(
  state: BrokerState,
  topic: string | undefined,
  wanted: readonly WantedOffset[],
): { entries: OffsetEntry[]; answers: { partitionIndex: number; errorCode: number }[] } {
  const entries: OffsetEntry[] = []
  const commitTimeMs = state.surroundings.clock.nowMs()
  const metadataMax = state.config.number('offset.metadata.max.bytes')
  const answers = wanted.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
    const metadata = committedMetadata ?? ''
    if (topic === undefined || state.topics.partition(topic, partitionIndex) === undefined) {
      return { partitionIndex, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION }
    }
    if (metadata.length > metadataMax) return { partitionIndex, errorCode: errorCode.OFFSET_METADATA_TOO_LARGE }
    const offset = Number(committedOffset)
    const leaderEpoch = committedLeaderEpoch
    entries.push({ topic, partition: partitionIndex, offset, leaderEpoch, metadata, commitTimeMs })
    return { partitionIndex, errorCode: errorCode.NONE as number }
  })
  return { entries, answers }
}

function handleCommit(
  state: BrokerState,
  body: OffsetCommitRequest,
  context: RequestContext,
): Answer<OffsetCommitResponse> {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generation } = body
  const error = isElsewhere(state, groupId, context)
    ? errorCode.NOT_COORDINATOR
    : state.groups.checkCommit({ groupId, memberId, groupInstanceId, generation }, false)
  const entries: OffsetEntry[] = []
  const topics = body.topics.map(({ name, topicId, partitions }) => {
    const topic = context.version >= topicIdsFrom ? state.topics.byId(topicId)?.name : name
    if (error !== errorCode.NONE) {
      return { name, topicId, partitions: partitions.map((p) => ({ ...indexOf(p), errorCode: error })) }
    }
    if (topic === undefined) {
      const unknown = errorCode.UNKNOWN_TOPIC_ID
      return { name, topicId, partitions: partitions.map((p) => ({ ...indexOf(p), errorCode: unknown })) }
    }
    const planned = planOffsets(state, topic, partitions)
    entries.push(...planned.entries)
    return { name, topicId, partitions: planned.answers }
  })
  if (entries.length > 0) {
    state.groups.ensure(groupId)
    state.offsets.commit(groupId, entries)
  }
  return { topics }
}

function indexOf(partition: { readonly partitionIndex: number }): { partitionIndex: number } {
  return { partitionIndex: partition.partitionIndex }
}

function handleFetch(
  state: BrokerState,
  body: OffsetFetchRequest,
  context: RequestContext,
): Answer<OffsetFetchResponse> {
  if (context.version < manyGroupsFrom) {
    const { groupId, topics, requireStable } = body
    if (isElsewhere(state, groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR, topics: [] }
    return { errorCode: errorCode.NONE, topics: fetchTopics(state, { groupId, topics, requireStable }) }
  }
  const groups = body.groups.map(({ groupId, topics }) => {
    if (isElsewhere(state, groupId, context)) return { groupId, errorCode: errorCode.NOT_COORDINATOR, topics: [] }
    const named = topics?.map(({ name, topicId, partitionIndexes }) => ({
      name: context.version >= topicIdsFrom ? (state.topics.byId(topicId)?.name ?? '') : name,
      topicId,
      partitionIndexes,
    }))
    const fetched = fetchTopics(state, { groupId, topics: named ?? null, requireStable: body.requireStable })
    if (context.version < topicIdsFrom) return { groupId, errorCode: errorCode.NONE, topics: fetched }
    return { groupId, errorCode: errorCode.NONE, topics: fetched.map((topic, i) => withId(state, topic, named?.[i])) }
  })
  return { groups }
}

interface WantedTopics {
  readonly groupId: string
  readonly topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null
  readonly requireStable: boolean
}

interface FetchedTopic {
  readonly name: string
  readonly partitions: FetchedPartition[]
}

function fetchTopics(state: BrokerState, wanted: WantedTopics): FetchedTopic[] {
  const topics = wanted.topics ?? committedTopics(state, wanted.groupId)
  return topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((index) => fetchOne(state, wanted, { name, index })),
  }))
}

function fetchOne(state: BrokerState, wanted: WantedTopics, of: { name: string; index: number }): FetchedPartition {
  const { groupId } = wanted
  const none = { partitionIndex: of.index, committedOffset: -1n, committedLeaderEpoch: -1, metadata: '' }
  if (wanted.requireStable && state.offsets.isPending(groupId, of.name, of.index)) {
    return { ...none, errorCode: errorCode.UNSTABLE_OFFSET_COMMIT }
  }
  const entry = state.offsets.get(groupId, of.name, of.index)
  if (entry === undefined) return { ...none, errorCode: errorCode.NONE }
  return {
    partitionIndex: of.index,
    committedOffset: BigInt(entry.offset),
    committedLeaderEpoch: entry.leaderEpoch,
    metadata: entry.metadata,
    errorCode: errorCode.NONE,
  }
}

/** All that the group has committed or is about to. */
function committedTopics(state: BrokerState, groupId: string): { name: string; partitionIndexes: number[] }[] {
  const byTopic = new Map<string, Set<number>>()
  for (const { topic, partition } of [...state.offsets.all(groupId), ...state.offsets.allPending(groupId)]) {
    const indexes = byTopic.get(topic)
    if (indexes) indexes.add(partition)
    else byTopic.set(topic, new Set([partition]))
  }
  return [...byTopic].map(([name, indexes]) => ({ name, partitionIndexes: [...indexes] }))
}

/** In versions with topic ids an unknown topic is an error of each partition. */
function withId(
  state: BrokerState,
  topic: FetchedTopic,
  wanted: { readonly topicId: string } | undefined,
): MessageInput<OffsetFetchResponse['groups'][number]['topics'][number]> {
  const topicId = wanted?.topicId ?? state.topics.get(topic.name)?.id ?? ''
  if (wanted === undefined || state.topics.byId(wanted.topicId)) return { ...topic, topicId }
  const partitions = topic.partitions.map((partition) => ({ ...partition, errorCode: errorCode.UNKNOWN_TOPIC_ID }))
  return { name: '', topicId, partitions }
}

function handleDelete(
  state: BrokerState,
  body: OffsetDeleteRequest,
  context: RequestContext,
): Answer<OffsetDeleteResponse> {
  const { groupId } = body
  if (isElsewhere(state, groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const group = state.groups.get(groupId)
  if (group === undefined) return { errorCode: errorCode.GROUP_ID_NOT_FOUND }
  if (group.state !== 'Empty' && group.protocolType !== 'consumer') return { errorCode: errorCode.NON_EMPTY_GROUP }
  const subscribed = subscribedTopics(group)
  const gone: (readonly [string, number])[] = []
  const topics = body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => {
      if (state.topics.partition(name, partitionIndex) === undefined) {
        return { partitionIndex, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION }
      }
      if (subscribed.has(name)) return { partitionIndex, errorCode: errorCode.GROUP_SUBSCRIBED_TO_TOPIC }
      gone.push([name, partitionIndex])
      return { partitionIndex, errorCode: errorCode.NONE }
    }),
  }))
  if (gone.length > 0) state.offsets.delete(groupId, gone)
  return { errorCode: errorCode.NONE, topics }
}

/** Topics that a member of the group subscribes to, as far as its metadata can be read. */
function subscribedTopics(group: Group): Set<string> {
  const topics = new Set<string>()
  for (const member of group.members.values()) {
    const bytes = group.metadataOf(member)
    if (bytes.length < 2) continue
    try {
      const version = Math.max(0, Math.min(3, readInt16(bytes, 0)))
      const subscription = decodeMessage(consumerProtocolSubscriptionSchema, version, bytes, 2)
      for (const topic of subscription.topics) topics.add(topic)
    } catch {
      // Another protocol's metadata: nothing is known of its topics.
    }
  }
  return topics
}

export const groupOffsetRoutes: readonly Route[] = [
  route(offsetCommit, handleCommit),
  route(offsetFetch, handleFetch),
  route(offsetDelete, handleDelete),
]
