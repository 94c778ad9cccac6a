/**
 * Committed offsets of a group: reading them (OffsetFetch) and writing them outside a transaction (OffsetCommit).
 *
 * Plain functions on a cluster, so that the caller chooses the channel: a commit must not wait behind a parked
 * JoinGroup.
 */
import { RetriableError, type StreamsError, TaskMigratedError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { responseError } from '../cluster/response-error.ts'
import { offsetCommit, offsetFetch, type OffsetFetchResponse } from '../codec/apis.ts'
import { errorCode, errorName, isRetriableCode } from '../codec/error-code.ts'
import { isPlanted } from '../fault-switch.ts'

/** A member's identity in one generation; what fences a commit. */
export interface GroupIdentity {
  readonly groupId: string
  /** −1 for a commit from outside the group (only accepted while it is empty). */
  readonly generationId: number
  /** Empty for a commit from outside the group. */
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** Identity of somebody who is no member, for tools. */
export function outsider(groupId: string): GroupIdentity {
  return { groupId, generationId: -1, memberId: '', groupInstanceId: null }
}

/** An offset to commit: the next one to read. `leaderEpoch` −1 when unknown. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch?: number
  /** Kept beside the offset, at most 4096 bytes by the broker's default. */
  readonly metadata?: string
}

/** A committed offset, or −1 when there is none. */
export interface CommittedOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

/** A partition. */
interface Partition {
  readonly topic: string
  readonly partition: number
}

/** Limits of one call. */
export interface GroupCallOptions {
  /** For all attempts, ms; default 30 000. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/**
 * Commits offsets; all or, when partitions answer differently, some.
 *
 * @throws {MR_PROTOCOL_MEMBER_LOST} (TaskMigratedError) the generation is over or the member unknown: nothing was committed
 * @throws {MR_PROTOCOL_REBALANCE} (RetriableError) the group is between two generations
 * @throws {MR_PROTOCOL_AUTHORIZATION} (FatalError)
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) no answer in time; the commit may or may not have happened
 */
export async function commitOffsets(
  cluster: Cluster,
  identity: GroupIdentity,
  offsets: readonly OffsetToCommit[],
  options: GroupCallOptions = {},
): Promise<void> {
  if (offsets.length === 0) return
  const { groupId, memberId, groupInstanceId, generationId } = identity
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: offsetCommit,
    body: {
      groupId,
      memberId,
      groupInstanceId,
      generationIdOrMemberEpoch: generationId,
      topics: commitTopics(offsets),
    },
    codeOf: worstCommitCode,
    timeoutMs: options.timeoutMs ?? 30_000,
    signal: options.signal,
  })
  const code = worstCommitCode(response)
  if (code !== 0) throw commitError(code, 'OffsetCommit', identity)
}

/** `topics` of OffsetCommit and TxnOffsetCommit. */
export function commitTopics(offsets: readonly OffsetToCommit[]): {
  name: string
  partitions: {
    partitionIndex: number
    committedOffset: bigint
    committedLeaderEpoch: number
    committedMetadata: string
  }[]
}[] {
  return [...groupBy(offsets, (offset) => offset.topic)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition, offset, leaderEpoch, metadata }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: leaderEpoch ?? -1,
      committedMetadata: metadata ?? '',
    })),
  }))
}

/** The code that decides what happens next: one that no retry can mend wins over one that it can. */
export function worstCommitCode(response: {
  readonly topics: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[]
}): number {
  let worst = 0
  for (const topic of response.topics) {
    for (const { errorCode: code } of topic.partitions) {
      if (code !== 0 && (worst === 0 || isRetriableCode(worst))) worst = code
    }
  }
  return worst
}

/** What a refused offset commit means for the member; `api` is OffsetCommit or TxnOffsetCommit. */
export function commitError(code: number, api: string, identity: GroupIdentity): StreamsError {
  const { groupId: group, memberId: member } = identity
  if (lost.has(code))
    return new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', { group, member, reason: errorName(code) })
  if (code === errorCode.REBALANCE_IN_PROGRESS) {
    return new RetriableError('MR_PROTOCOL_REBALANCE', { group, what: 'a commit' })
  }
  return responseError(code, { api, what: `group "${group}"` })
}

const lost: ReadonlySet<number> = new Set([
  errorCode.ILLEGAL_GENERATION,
  errorCode.UNKNOWN_MEMBER_ID,
  errorCode.FENCED_INSTANCE_ID,
  errorCode.STALE_MEMBER_EPOCH,
  errorCode.FENCED_MEMBER_EPOCH,
])

/** How to read committed offsets. */
export interface FetchOffsetsOptions extends GroupCallOptions {
  /**
   * Wait until no transaction is pending on the partitions (KIP-447); without it an answer may be one commit behind.
   * Default true.
   */
  readonly requireStable?: boolean
}

/**
 * Committed offsets in the order of `partitions`; of all partitions of the group, by topic and number, when `partitions` is
 * null.
 *
 * @throws {MR_PROTOCOL_AUTHORIZATION} (FatalError)
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) no coordinator, or a transaction stays pending, until the deadline
 */
export async function fetchCommittedOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly Partition[] | null,
  options: FetchOffsetsOptions = {},
): Promise<CommittedOffset[]> {
  if (partitions !== null && partitions.length === 0) return []
  const topics =
    partitions === null
      ? null
      : [...groupBy(partitions, (one) => one.topic)].map(([name, list]) => ({
          name,
          partitionIndexes: list.map((one) => one.partition),
        }))
  const requireStable = (options.requireStable ?? true) && !isPlanted('unstable-offsets')
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: offsetFetch,
    body: (version) =>
      version >= firstWithGroups
        ? { groups: [{ groupId, topics }], requireStable }
        : { groupId, topics, requireStable },
    codeOf: fetchCode,
    timeoutMs: options.timeoutMs ?? 30_000,
    signal: options.signal,
  })
  const code = fetchCode(response)
  if (code !== 0) throw responseError(code, { api: 'OffsetFetch', what: `group "${groupId}"` })
  const all = committed(response)
  if (partitions === null) return all.toSorted(byPartition)
  const byName = new Map(all.map((one) => [`${one.topic}/${one.partition}`, one]))
  return partitions.map(
    ({ topic, partition }) =>
      byName.get(`${topic}/${partition}`) ?? { topic, partition, offset: -1, leaderEpoch: -1, metadata: '' },
  )
}

const firstWithGroups = 8

function byPartition(a: CommittedOffset, b: CommittedOffset): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}

function fetchCode(response: OffsetFetchResponse): number {
  const group = response.groups[0] ?? response
  return group.errorCode === 0 ? worstCommitCode(group) : group.errorCode
}

function committed(response: OffsetFetchResponse): CommittedOffset[] {
  const group = response.groups[0] ?? response
  return group.topics.flatMap((topic) =>
    topic.partitions.map((one) => ({
      topic: topic.name,
      partition: one.partitionIndex,
      offset: Number(one.committedOffset),
      leaderEpoch: one.committedLeaderEpoch,
      metadata: one.metadata ?? '',
    })),
  )
}
