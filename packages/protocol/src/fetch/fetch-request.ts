/** One Fetch request to one leader: which partitions, from where, how long it may wait. */
import { fetch, type FetchResponse, type FetchResponsePartitionData } from '../codec/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { noTopicId } from '../cluster/topic-metadata.ts'
import type { PartitionBuffer } from './partition-buffer.ts'

/** Sizes and waits of a fetch. */
export interface FetchLimits {
  /** How long the broker may wait for `minBytes`. */
  readonly maxWaitMs: number
  readonly minBytes: number
  /** For the whole answer; a first batch that is larger is sent all the same. */
  readonly maxBytes: number
  /** For one partition. */
  readonly partitionMaxBytes: number
  readonly isolated: boolean
}

/** A partition as it was when it was asked for. */
export interface AskedPartition {
  readonly buffer: PartitionBuffer
  readonly round: number
  readonly offset: number
}

/** An answer with the question it belongs to. */
export interface AnsweredPartition {
  readonly asked: AskedPartition
  readonly answer: FetchResponsePartitionData
}

/** What came back. */
export interface FetchAnswer {
  /** Code for the whole request. */
  readonly errorCode: number
  readonly partitions: readonly AnsweredPartition[]
}

/** Last version that names topics by name. */
const namedMax = 12

/**
 * Sends one fetch, without a fetch session: every request lists all its partitions.
 *
 * @throws what `Cluster.call` throws
 */
export async function fetchOnce(
  cluster: Cluster,
  leader: number,
  from: { readonly asked: readonly AskedPartition[]; readonly limits: FetchLimits },
): Promise<FetchAnswer> {
  const { asked, limits } = from
  const topics = [...groupBy(asked, ({ buffer }) => buffer.topic)].map(([topic, partitions]) => ({
    topic,
    topicId: partitions[0]!.buffer.topicId ?? noTopicId,
    partitions: partitions.map(({ buffer, offset }) => ({
      partition: buffer.partition,
      // Without it a follower answers as if it were the leader, and stale metadata is never noticed.
      currentLeaderEpoch: cluster.metadata.leader(topic, buffer.partition)?.leaderEpoch ?? -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      logStartOffset: -1n,
      partitionMaxBytes: limits.partitionMaxBytes,
    })),
  }))
  const cap = topics.some(({ topicId }) => topicId === noTopicId) ? namedMax : undefined
  const { maxWaitMs, minBytes, maxBytes, isolated } = limits
  const response = await cluster.call(
    leader,
    fetch,
    { maxWaitMs, minBytes, maxBytes, isolationLevel: isolated ? 1 : 0, sessionId: 0, sessionEpoch: -1, topics },
    { timeoutMs: cluster.requestTimeoutMs + maxWaitMs, cap },
  )
  return { errorCode: response.errorCode, partitions: pair(response, asked) }
}

function pair(response: FetchResponse, asked: readonly AskedPartition[]): AnsweredPartition[] {
  const byName = new Map<string, AskedPartition>()
  for (const one of asked) {
    const { topic, topicId, partition } = one.buffer
    byName.set(`${topic}/${partition}`, one)
    if (topicId !== null && topicId !== noTopicId) byName.set(`id ${topicId}/${partition}`, one)
  }
  const pairs: AnsweredPartition[] = []
  for (const topic of response.responses) {
    const name = topic.topic === '' ? `id ${topic.topicId}` : topic.topic
    for (const answer of topic.partitions) {
      const one = byName.get(`${name}/${answer.partitionIndex}`)
      if (one !== undefined) pairs.push({ asked: one, answer })
    }
  }
  return pairs
}
