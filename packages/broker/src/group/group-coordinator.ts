/**
 * The coordinator of classic groups: JoinGroup, SyncGroup, Heartbeat and LeaveGroup, and who may commit.
 *
 * Answers to joins and syncs come through a promise, because they wait for others. Everything else is answered at once.
 */
import { errorCode } from '@millrace/protocol/internal'
import type { Surroundings } from '../surroundings.ts'
import type { BrokerConfig } from '../topic/broker-config.ts'
import {
  Group,
  noAssignment,
  sameProtocols,
  type JoinAnswer,
  type Member,
  type OfferedProtocol,
  type SyncAnswer,
} from './group.ts'
import { joinedAnswer, Rebalance, refusedJoin, syncedAnswer } from './rebalance.ts'

/** A JoinGroup, freed of versions. */
export interface JoinRequest {
  readonly groupId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly OfferedProtocol[]
  /** A dynamic member has to come back with the id it is given (v4+, KIP-394). */
  readonly memberIdRequired: boolean
  /** A restarted static leader may be told to skip the assignment (v9+, KIP-814). */
  readonly maySkipAssignment: boolean
}

/** Who speaks, in which generation. */
export interface MemberClaim {
  readonly groupId: string
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generation: number
}

/** A SyncGroup, freed of versions; the protocol is null before v5. */
export interface SyncRequest extends MemberClaim {
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: ReadonlyMap<string, Uint8Array>
}

export class GroupCoordinator {
  readonly #groups: Map<string, Group> = new Map()
  readonly #surroundings: Surroundings
  readonly #config: BrokerConfig
  readonly #rebalance: Rebalance

  constructor(surroundings: Surroundings, config: BrokerConfig) {
    this.#surroundings = surroundings
    this.#config = config
    this.#rebalance = new Rebalance(surroundings, () => config.number('group.initial.rebalance.delay.ms'))
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  all(): Group[] {
    return [...this.#groups.values()]
  }

  /** The group, created empty when there is none: a commit without members makes one, too. */
  ensure(groupId: string): Group {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      group = new Group(groupId, this.#surroundings.clock.nowMs())
      this.#groups.set(groupId, group)
    }
    return group
  }

  /** Takes an empty group away. */
  forget(groupId: string): void {
    const group = this.#groups.get(groupId)
    if (group === undefined) return
    for (const timer of group.pending.values()) timer.cancel()
    group.state = 'Dead'
    this.#groups.delete(groupId)
  }

  join(request: JoinRequest): Promise<JoinAnswer> | JoinAnswer {
    const { groupId, memberId, sessionTimeoutMs } = request
    if (groupId === '') return refusedJoin(errorCode.INVALID_GROUP_ID, memberId)
    const shortest = this.#config.number('group.min.session.timeout.ms')
    const longest = this.#config.number('group.max.session.timeout.ms')
    if (sessionTimeoutMs < shortest || sessionTimeoutMs > longest) {
      return refusedJoin(errorCode.INVALID_SESSION_TIMEOUT, memberId)
    }
    if (memberId !== '' && !this.#groups.has(groupId)) return refusedJoin(errorCode.UNKNOWN_MEMBER_ID, memberId)
    const group = this.ensure(groupId)
    if (!this.#hasRoom(group, memberId)) return refusedJoin(errorCode.GROUP_MAX_SIZE_REACHED, memberId)
    if (!group.accepts(request.protocolType, request.protocols)) {
      return refusedJoin(errorCode.INCONSISTENT_GROUP_PROTOCOL, memberId)
    }
    return memberId === '' ? this.#joinUnknown(group, request) : this.#joinKnown(group, request)
  }

  sync(request: SyncRequest): Promise<SyncAnswer> | SyncAnswer {
    const { group, member, error } = this.#claimed(request)
    if (group === undefined || member === undefined) return refusedSync(error)
    if (request.generation !== group.generation) return refusedSync(errorCode.ILLEGAL_GENERATION)
    const otherType = request.protocolType !== null && request.protocolType !== group.protocolType
    const otherName = request.protocolName !== null && request.protocolName !== group.protocolName
    if (otherType || otherName) return refusedSync(errorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (group.state === 'PreparingRebalance') return refusedSync(errorCode.REBALANCE_IN_PROGRESS)
    this.#rebalance.synced(group, member)
    if (group.state === 'Stable') {
      this.#rebalance.heard(group, member)
      return syncedAnswer(group, member)
    }
    const answer = new Promise<SyncAnswer>((resolve) => {
      member.awaitingSync?.(refusedSync(errorCode.REBALANCE_IN_PROGRESS))
      member.awaitingSync = resolve
    })
    if (group.leaderId === member.id) this.#rebalance.assign(group, request.assignments)
    return answer
  }

  heartbeat(claim: MemberClaim): number {
    const { group, member, error } = this.#claimed(claim)
    if (group === undefined || member === undefined) return error
    if (claim.generation !== group.generation) return errorCode.ILLEGAL_GENERATION
    this.#rebalance.heard(group, member)
    return group.state === 'PreparingRebalance' ? errorCode.REBALANCE_IN_PROGRESS : errorCode.NONE
  }

  leave(groupId: string, leaving: { memberId: string; groupInstanceId: string | null }): number {
    const group = this.#groups.get(groupId)
    if (group === undefined) return errorCode.UNKNOWN_MEMBER_ID
    const { memberId, groupInstanceId } = leaving
    const pending = group.pending.get(memberId)
    if (pending !== undefined) {
      pending.cancel()
      group.pending.delete(memberId)
      this.#rebalance.tryCompleteJoin(group)
      return errorCode.NONE
    }
    const staticId = groupInstanceId === null ? undefined : group.staticMembers.get(groupInstanceId)
    if (groupInstanceId !== null && staticId === undefined) return errorCode.UNKNOWN_MEMBER_ID
    if (staticId !== undefined && memberId !== '' && memberId !== staticId) return errorCode.FENCED_INSTANCE_ID
    const member = group.members.get(staticId ?? memberId)
    if (member === undefined) return errorCode.UNKNOWN_MEMBER_ID
    this.#rebalance.remove(group, member)
    return errorCode.NONE
  }

  /**
   * Whether this claim may commit offsets.
   *
   * A transactional commit without member and generation is let through even on a live group: that is what real brokers
   * do, and why such a commit fences nothing.
   */
  checkCommit(claim: MemberClaim, transactional: boolean): number {
    const { groupId, memberId, groupInstanceId, generation } = claim
    const group = this.#groups.get(groupId)
    if (group === undefined) return generation < 0 ? errorCode.NONE : errorCode.ILLEGAL_GENERATION
    const empty = group.state === 'Empty'
    if (generation < 0 && empty) return errorCode.NONE
    if (generation < 0 && memberId === '' && groupInstanceId === null) {
      return transactional ? errorCode.NONE : errorCode.UNKNOWN_MEMBER_ID
    }
    const { member, error } = this.#claimed(claim)
    if (member === undefined) return error
    if (generation !== group.generation) return errorCode.ILLEGAL_GENERATION
    if (!transactional && group.state === 'CompletingRebalance') return errorCode.REBALANCE_IN_PROGRESS
    if (!transactional) this.#rebalance.heard(group, member)
    return errorCode.NONE
  }

  /** Stops all timers. */
  close(): void {
    for (const group of this.#groups.values()) {
      group.joinDeadline?.cancel()
      group.syncDeadline?.cancel()
      for (const timer of group.pending.values()) timer.cancel()
      for (const member of group.members.values()) member.session?.cancel()
    }
  }

  #joinUnknown(group: Group, request: JoinRequest): Promise<JoinAnswer> | JoinAnswer {
    const { groupInstanceId } = request
    const id = `${groupInstanceId ?? request.clientId}-${this.#randomId()}`
    if (groupInstanceId !== null) {
      const oldId = group.staticMembers.get(groupInstanceId)
      const old = oldId === undefined ? undefined : group.members.get(oldId)
      return old === undefined ? this.#admit(group, request, id) : this.#restart(group, request, { old, id })
    }
    if (!request.memberIdRequired) return this.#admit(group, request, id)
    const expire = (): void => {
      group.pending.delete(id)
      this.#rebalance.tryCompleteJoin(group)
    }
    group.pending.set(id, this.#surroundings.timers.after(request.sessionTimeoutMs, expire, true))
    return refusedJoin(errorCode.MEMBER_ID_REQUIRED, id)
  }

  #joinKnown(group: Group, request: JoinRequest): Promise<JoinAnswer> | JoinAnswer {
    const { memberId, groupInstanceId } = request
    const pending = group.pending.get(memberId)
    if (pending !== undefined) {
      if (groupInstanceId !== null) return refusedJoin(errorCode.UNKNOWN_MEMBER_ID, memberId)
      pending.cancel()
      group.pending.delete(memberId)
      return this.#admit(group, request, memberId)
    }
    const { member, error } = this.#claimed({ groupId: group.id, memberId, groupInstanceId })
    if (member === undefined) return refusedJoin(error, memberId)
    const changed = !sameProtocols(member.protocols, request.protocols)
    const isLeader = group.leaderId === memberId
    if (group.state === 'CompletingRebalance' && !changed) return joinedAnswer(group, member)
    if (group.state === 'Stable' && !changed && !isLeader) return joinedAnswer(group, member)
    this.#update(member, request)
    return this.#park(group, member)
  }

  #admit(group: Group, request: JoinRequest, id: string): Promise<JoinAnswer> {
    const member: Member = {
      id,
      groupInstanceId: request.groupInstanceId,
      clientId: request.clientId,
      clientHost: request.clientHost,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: request.protocols,
      assignment: noAssignment,
      awaitingJoin: undefined,
      awaitingSync: undefined,
      session: undefined,
      isNew: true,
    }
    if (group.members.size === 0) group.protocolType = request.protocolType
    group.add(member)
    this.#rebalance.heard(group, member)
    return this.#park(group, member)
  }

  /** A static member that has restarted takes the place of its predecessor, without a rebalance if it can. */
  #restart(group: Group, request: JoinRequest, change: { old: Member; id: string }): Promise<JoinAnswer> | JoinAnswer {
    const { old, id } = change
    const leaderBefore = group.leaderId ?? ''
    old.session?.cancel()
    old.awaitingJoin?.(refusedJoin(errorCode.FENCED_INSTANCE_ID, old.id))
    old.awaitingSync?.(refusedSync(errorCode.FENCED_INSTANCE_ID))
    const member = group.replace(old, id)
    this.#update(member, request)
    this.#rebalance.heard(group, member)
    if (group.state !== 'Stable' || group.chooseProtocol() !== group.protocolName) return this.#park(group, member)
    const skips = request.maySkipAssignment && group.leaderId === id
    return {
      ...joinedAnswer(group, member),
      leader: request.maySkipAssignment ? (group.leaderId ?? '') : leaderBefore,
      skipAssignment: skips,
      members: skips ? group.memberList() : [],
    }
  }

  #update(member: Member, request: JoinRequest): void {
    member.protocols = request.protocols
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
    member.sessionTimeoutMs = request.sessionTimeoutMs
  }

  /** Holds the join until the generation begins, and sees to it that there is a rebalance. */
  #park(group: Group, member: Member): Promise<JoinAnswer> {
    return new Promise<JoinAnswer>((resolve) => {
      member.awaitingJoin?.(refusedJoin(errorCode.UNKNOWN_MEMBER_ID, member.id))
      member.awaitingJoin = resolve
      this.#rebalance.prepare(group)
    })
  }

  #hasRoom(group: Group, memberId: string): boolean {
    if (group.members.has(memberId)) return true
    return group.members.size < this.#config.number('group.max.size')
  }

  /** The member that a request speaks for, or the error to answer with. */
  #claimed(claim: { groupId: string; memberId: string; groupInstanceId: string | null }): {
    group?: Group
    member?: Member
    error: number
  } {
    const unknown = { error: errorCode.UNKNOWN_MEMBER_ID }
    const group = this.#groups.get(claim.groupId)
    if (group === undefined) return unknown
    if (claim.groupInstanceId !== null) {
      const staticId = group.staticMembers.get(claim.groupInstanceId)
      if (staticId === undefined) return unknown
      if (staticId !== claim.memberId) return { error: errorCode.FENCED_INSTANCE_ID }
    }
    const member = group.members.get(claim.memberId)
    return member === undefined ? unknown : { group, member, error: errorCode.NONE }
  }

  #randomId(): string {
    const hex = Buffer.from(this.#surroundings.random.bytes(16)).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  }
}

function refusedSync(error: number): SyncAnswer {
  return { error, protocolType: null, protocolName: null, assignment: noAssignment }
}
