/**
 * One way into a generation of a classic group: JoinGroup, the leader's assignor, SyncGroup.
 *
 * Answers that mean "again" are handled here (member id given, coordinator moved, another rebalance began); what the
 * member has to decide comes back as an outcome or as an error.
 */
import { ConfigError, FatalError, RetriableError, type StreamsError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { assertNoError, responseError } from '../cluster/response-error.ts'
import { backoffMs } from '../cluster/retry.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import { joinGroup, type JoinGroupResponse, syncGroup } from '../codec/apis.ts'
import { errorCode, errorName } from '../codec/error-code.ts'

/** What the leader learns of a member. `metadata` is a view: copy what is kept. */
export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Uint8Array
}

/** Assignment bytes per member id; members that are left out get none (empty bytes). */
export type Assignments = ReadonlyMap<string, Uint8Array>

/** What a join needs. */
export interface JoinOptions {
  readonly cluster: Cluster
  readonly groupId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly protocolName: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** Asked before each JoinGroup. */
  readonly subscription: () => Uint8Array | Promise<Uint8Array>
  /** Asked when this member leads. */
  readonly assign: (members: readonly JoinedMember[]) => Assignments | Promise<Assignments>
  readonly signal: AbortSignal
  /** The coordinator gave an id, before it let us in: send it in every later request. */
  readonly onMemberId: (memberId: string) => void
  /** JoinGroup succeeded: heartbeats carry this generation from now until `onSync`. */
  readonly onGeneration: (generationId: number, memberId: string, sentMs: number) => void
  /** SyncGroup is being sent: it may be parked, no heartbeat meanwhile. */
  readonly onSync: () => void
}

/** How a join ended. */
export type JoinOutcome =
  | {
      readonly kind: 'joined'
      readonly generationId: number
      readonly leader: boolean
      readonly assignment: Uint8Array
    }
  /** Another rebalance began, or something passing failed: join again after `waitMs`. */
  | { readonly kind: 'again'; readonly waitMs: number }
  /** The coordinator does not know us any more; with `forgetMember` the member id is void too. */
  | { readonly kind: 'lost'; readonly code: number; readonly forgetMember: boolean }

/**
 * Joins once. Resolves after as long as the other members take.
 *
 * @param memberId from an earlier join, or empty
 * @throws {MR_PROTOCOL_INSTANCE_FENCED} {MR_PROTOCOL_GROUP} {MR_PROTOCOL_AUTHORIZATION} (FatalError, ConfigError)
 * @throws what `subscription` and `assign` throw, except RetriableErrors, which lead to another join
 */
export async function joinOnce(options: JoinOptions, memberId: string, reason: string): Promise<JoinOutcome> {
  const { cluster, groupId } = options
  const metadata = await options.subscription()
  const sentMs = monotonicMs(cluster.around.clock)
  const joined = await requestJoin(options, { memberId, metadata, reason })
  switch (joined.errorCode) {
    case 0:
      break
    case errorCode.MEMBER_ID_REQUIRED:
      options.onMemberId(joined.memberId)
      return joinOnce(options, joined.memberId, reason)
    case errorCode.REBALANCE_IN_PROGRESS:
      return again(cluster)
    case errorCode.UNKNOWN_MEMBER_ID:
    case errorCode.ILLEGAL_GENERATION:
      return lost(joined.errorCode)
    default:
      throw joinError(joined.errorCode, options)
  }
  options.onGeneration(joined.generationId, joined.memberId, sentMs)
  const leader = joined.leader === joined.memberId
  let assignments: Assignments = new Map()
  if (leader && !joined.skipAssignment) {
    try {
      assignments = await options.assign(joined.members)
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error
      cluster.around.logger.warn('assignment is tried again', { group: groupId, reason: error.message })
      return again(cluster)
    }
  }
  return sync(options, joined, assignments)
}

async function requestJoin(
  options: JoinOptions,
  from: { readonly memberId: string; readonly metadata: Uint8Array; readonly reason: string },
): Promise<JoinGroupResponse> {
  const { cluster, groupId, groupInstanceId, protocolType, protocolName, sessionTimeoutMs, rebalanceTimeoutMs } =
    options
  return cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: joinGroup,
    body: {
      groupId,
      groupInstanceId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: from.memberId,
      protocolType,
      protocols: [{ name: protocolName, metadata: from.metadata }],
      reason: from.reason,
    },
    codeOf: (response) => response.errorCode,
    timeoutMs: Infinity,
    requestTimeoutMs: rebalanceTimeoutMs + 5000,
    signal: options.signal,
  })
}

async function sync(options: JoinOptions, joined: JoinGroupResponse, assignments: Assignments): Promise<JoinOutcome> {
  const { cluster, groupId, groupInstanceId, protocolType, protocolName, rebalanceTimeoutMs } = options
  const { generationId, memberId } = joined
  options.onSync()
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: syncGroup,
    body: {
      groupId,
      generationId,
      memberId,
      groupInstanceId,
      protocolType,
      protocolName,
      assignments: [...assignments].map(([member, assignment]) => ({ memberId: member, assignment })),
    },
    codeOf: (sent) => sent.errorCode,
    timeoutMs: Infinity,
    requestTimeoutMs: rebalanceTimeoutMs + 5000,
    signal: options.signal,
  })
  const code = response.errorCode
  if (code === errorCode.REBALANCE_IN_PROGRESS) return again(cluster)
  if (code === errorCode.UNKNOWN_MEMBER_ID || code === errorCode.ILLEGAL_GENERATION) return lost(code)
  if (code !== 0) throw joinError(code, options)
  const leader = joined.leader === memberId
  // The response is a view on the transport's buffer.
  return { kind: 'joined', generationId, leader, assignment: response.assignment.slice() }
}

function again(cluster: Cluster): JoinOutcome {
  return { kind: 'again', waitMs: backoffMs(0, cluster.around.random) }
}

function lost(code: number): JoinOutcome {
  return { kind: 'lost', code, forgetMember: code === errorCode.UNKNOWN_MEMBER_ID }
}

const reasons: Readonly<Record<number, string>> = {
  [errorCode.INCONSISTENT_GROUP_PROTOCOL]:
    'its members use another protocol; another kind of application has this group id, or an older release is still running',
  [errorCode.INVALID_GROUP_ID]: 'the group id is empty or not allowed',
  [errorCode.GROUP_MAX_SIZE_REACHED]: 'it has as many members as group.max.size of the broker allows',
  [errorCode.INVALID_SESSION_TIMEOUT]:
    'the session timeout is outside group.min.session.timeout.ms and group.max.session.timeout.ms of the broker',
}

/** The error of a group request that no rejoin can mend. */
export function joinError(code: number, options: Pick<JoinOptions, 'groupId' | 'groupInstanceId'>): StreamsError {
  const { groupId: group, groupInstanceId } = options
  if (code === errorCode.FENCED_INSTANCE_ID) {
    return new FatalError('MR_PROTOCOL_INSTANCE_FENCED', { group, instance: groupInstanceId ?? '' })
  }
  const reason = reasons[code]
  if (reason !== undefined) return new ConfigError('MR_PROTOCOL_GROUP', { group, name: errorName(code), reason })
  return responseError(code, { api: 'JoinGroup', what: `group "${group}"` })
}

/** Throws when leaving failed for a reason that matters to the caller; a member that is gone already is fine. */
export function assertLeft(code: number, group: string): void {
  if (code === errorCode.UNKNOWN_MEMBER_ID || code === errorCode.FENCED_INSTANCE_ID) return
  assertNoError(code, { api: 'LeaveGroup', what: `group "${group}"` })
}
