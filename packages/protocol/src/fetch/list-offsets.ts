/**
 * Offsets by place (first, next) or by time, asked of each partition's leader (ListOffsets).
 *
 * Leaders move: partitions whose leader does not know them are asked again after a metadata refresh, until the deadline.
 */
import { FatalError, formatTopicPartition, RetriableError } from '@millrace/core'
import { listOffsets as listOffsetsApi } from '../codec/apis.ts'
import { errorCode, isInvalidMetadataCode } from '../codec/error-code.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { responseError } from '../cluster/response-error.ts'
import { retry } from '../cluster/retry.ts'

/**
 * Which offset: `earliest` = first in the log; `latest` = next to be written, under read_committed the last stable
 * one; `max-timestamp` = of the record with the greatest timestamp; `timestampMs` = first record not older than that.
 */
export type OffsetPlace = 'earliest' | 'latest' | 'max-timestamp' | { readonly timestampMs: number }

/** 0 shows everything, 1 only what is committed. */
export type Isolation = 'read_uncommitted' | 'read_committed'

/** One question. */
export interface OffsetQuery {
  readonly topic: string
  readonly partition: number
  readonly at: OffsetPlace
}

/** Its answer: −1 as offset and timestamp when no record is that young, or the log is empty (`max-timestamp`). */
export interface FoundOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly leaderEpoch: number
}

/** How to ask. */
export interface ListOffsetsOptions {
  readonly isolation?: Isolation
  /** For all of it, ms; default 30 000. */
  readonly timeoutMs?: number
  /** How long a topic may be missing, ms; default 2000. */
  readonly missingMs?: number
  readonly signal?: AbortSignal
}

/**
 * Answers in the order of the questions.
 *
 * @throws {MR_PROTOCOL_TOPIC_MISSING} {MR_PROTOCOL_PARTITION_MISSING} (FatalError) as of fresh metadata
 * @throws {MR_PROTOCOL_AUTHORIZATION} (FatalError)
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) a partition had no leader, or did not answer, in time
 */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions = {},
): Promise<FoundOffset[]> {
  const found = new Map<OffsetQuery, FoundOffset>()
  let open = queries
  const isolation = options.isolation ?? 'read_uncommitted'
  const { signal } = options
  const topics = [...new Set(queries.map((query) => query.topic))]
  await cluster.metadata.need(topics, options)
  const limits = { what: 'ListOffsets', timeoutMs: options.timeoutMs ?? 30_000, ...(signal && { signal }) }
  await retry(cluster.around, limits, async () => {
    const outcomes = await Promise.all(
      requestsFor(cluster, open).map(async (request) => askLeader(cluster, { ...request, isolation }, found)),
    )
    open = open.filter((query) => !found.has(query))
    const failure = outcomes.find((outcome) => outcome !== null)
    if (open.length === 0) return
    await cluster.metadata.refresh(topics)
    throw failure ?? leaderless(open[0]!)
  })
  return queries.map((query) => found.get(query)!)
}

const special = { latest: -1n, earliest: -2n, 'max-timestamp': -3n } as const

/**
 * One request per leader, and further ones where a partition is asked about more than once: a request may name it only
 * once. Partitions without a leader are left out.
 */
function requestsFor(cluster: Cluster, queries: readonly OffsetQuery[]): Omit<LeaderQuery, 'isolation'>[] {
  const seen = new Map<string, number>()
  const placed: { query: OffsetQuery; leader: number; round: number }[] = []
  for (const query of queries) {
    const { topic, partition } = query
    const count = cluster.metadata.topic(topic)?.partitions.length
    if (count !== undefined && partition >= count) {
      throw new FatalError('MR_PROTOCOL_PARTITION_MISSING', { topic, partition, partitions: count })
    }
    const leader = cluster.metadata.leader(topic, partition)?.leader
    if (leader === undefined) continue
    const name = formatTopicPartition(topic, partition)
    const round = seen.get(name) ?? 0
    seen.set(name, round + 1)
    placed.push({ query, leader, round })
  }
  const requests = groupBy(placed, ({ leader, round }) => `${leader}/${round}`)
  return [...requests.values()].map((group) => ({ leader: group[0]!.leader, asked: group.map(({ query }) => query) }))
}

interface LeaderQuery {
  readonly leader: number
  readonly asked: readonly OffsetQuery[]
  readonly isolation: Isolation
}

/** Puts answers into `found`; returns a retriable failure, throws any other. */
async function askLeader(
  cluster: Cluster,
  { leader, asked, isolation }: LeaderQuery,
  found: Map<OffsetQuery, FoundOffset>,
): Promise<RetriableError | null> {
  const topics = groupBy(asked, (query) => query.topic)
  let failure: RetriableError | null = null
  try {
    const response = await cluster.call(leader, listOffsetsApi, {
      replicaId: -1,
      isolationLevel: isolation === 'read_committed' ? 1 : 0,
      topics: [...topics].map(([name, queries]) => ({
        name,
        partitions: queries.map((query) => ({
          partitionIndex: query.partition,
          currentLeaderEpoch: cluster.metadata.leader(name, query.partition)?.leaderEpoch ?? -1,
          timestamp: typeof query.at === 'string' ? special[query.at] : BigInt(query.at.timestampMs),
        })),
      })),
    })
    for (const { name, partitions } of response.topics) {
      for (const { partitionIndex: partition, errorCode: code, offset, timestamp, leaderEpoch } of partitions) {
        const query = asked.find((one) => one.topic === name && one.partition === partition)
        if (query === undefined) continue
        if (code === 0) {
          const timestampMs = Number(timestamp)
          found.set(query, { topic: name, partition, offset: Number(offset), timestampMs, leaderEpoch })
        } else {
          failure = retriableOf(code, query)
        }
      }
    }
  } catch (error) {
    if (!(error instanceof RetriableError)) throw error
    failure = error
  }
  return failure
}

function retriableOf(code: number, { topic, partition }: OffsetQuery): RetriableError {
  const error = responseError(code, { api: 'ListOffsets', what: `${topic}-${partition}`, topic })
  if (error instanceof RetriableError) return error
  if (isInvalidMetadataCode(code)) return new RetriableError(error.code, error.details)
  throw error
}

function leaderless({ topic, partition }: OffsetQuery): RetriableError {
  const context = { api: 'ListOffsets', what: `${topic}-${partition}`, topic }
  return responseError(errorCode.LEADER_NOT_AVAILABLE, context) as RetriableError
}
