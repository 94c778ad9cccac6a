/**
 * How a group gets from one generation to the next: collecting joins, naming the leader, handing out assignments, and
 * dropping those who do not come.
 */
import { errorCode } from '@millrace/protocol/internal'
import type { Surroundings } from '../surroundings.ts'
import { noAssignment, type Group, type JoinAnswer, type Member } from './group.ts'

/** Longest wait for a member whose first join has not been answered (Kafka's constant). */
const newMemberTimeoutMs = 5 * 60 * 1000

export class Rebalance {
  readonly #surroundings: Surroundings
  readonly #initialDelayMs: () => number

  constructor(surroundings: Surroundings, initialDelayMs: () => number) {
    this.#surroundings = surroundings
    this.#initialDelayMs = initialDelayMs
  }

  /** Starts a rebalance unless one is collecting joins already, and completes it if everybody is there. */
  prepare(group: Group): void {
    if (group.state === 'PreparingRebalance') {
      this.tryCompleteJoin(group)
      return
    }
    if (group.state === 'CompletingRebalance') this.#refuseSyncs(group)
    const initialDelayMs = group.state === 'Empty' ? this.#initialDelayMs() : 0
    group.state = 'PreparingRebalance'
    if (initialDelayMs > 0) this.#collect(group, initialDelayMs, Math.max(group.rebalanceTimeoutMs, initialDelayMs))
    else {
      this.#startJoinDeadline(group)
      this.tryCompleteJoin(group)
    }
  }

  /** Ends the join phase when every member has joined and no id given out is still expected. */
  tryCompleteJoin(group: Group): void {
    if (group.state !== 'PreparingRebalance' || group.collecting) return
    if (group.joined === group.members.size && group.pending.size === 0) this.#completeJoin(group)
  }

  /** (Re)starts the time within which a member has to be heard of. */
  heard(group: Group, member: Member): void {
    member.session?.cancel()
    const timeoutMs = member.isNew ? Math.max(newMemberTimeoutMs, member.sessionTimeoutMs) : member.sessionTimeoutMs
    member.session = this.#surroundings.timers.after(timeoutMs, () => this.#expire(group, member), true)
  }

  /** Takes a member out; answers what it has parked with UNKNOWN_MEMBER_ID. */
  remove(group: Group, member: Member): void {
    member.session?.cancel()
    group.remove(member.id)
    const error = errorCode.UNKNOWN_MEMBER_ID
    member.awaitingJoin?.(refusedJoin(error, member.id))
    member.awaitingSync?.({ error, protocolType: null, protocolName: null, assignment: noAssignment })
    member.awaitingJoin = undefined
    member.awaitingSync = undefined
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') this.prepare(group)
    else this.tryCompleteJoin(group)
  }

  /** The leader's assignments: answers every parked SyncGroup. */
  assign(group: Group, assignments: ReadonlyMap<string, Uint8Array>): void {
    for (const member of group.members.values()) member.assignment = assignments.get(member.id) ?? noAssignment
    group.state = 'Stable'
    for (const member of group.members.values()) {
      const answer = member.awaitingSync
      if (answer === undefined) continue
      member.awaitingSync = undefined
      this.heard(group, member)
      answer(syncedAnswer(group, member))
    }
  }

  /** A member has sent SyncGroup; when all have, the sync phase has no deadline any more. */
  synced(group: Group, member: Member): void {
    group.awaitedSyncs.delete(member.id)
    if (group.awaitedSyncs.size > 0) return
    group.syncDeadline?.cancel()
    group.syncDeadline = undefined
  }

  /** An empty group waits a little for more members, up to the rebalance timeout while new ones come. */
  #collect(group: Group, delayMs: number, remainingMs: number): void {
    const before = group.members.size
    const waitMs = Math.min(delayMs, remainingMs)
    group.collecting = true
    group.joinDeadline?.cancel()
    group.joinDeadline = this.#surroundings.timers.after(waitMs, () => {
      const left = remainingMs - waitMs
      if (group.members.size !== before && left > 0) {
        this.#collect(group, delayMs, left)
        return
      }
      group.collecting = false
      this.#completeJoin(group)
    })
  }

  #startJoinDeadline(group: Group): void {
    group.joinDeadline?.cancel()
    group.joinDeadline = this.#surroundings.timers.after(
      group.rebalanceTimeoutMs,
      () => this.#completeJoin(group),
      true,
    )
  }

  #completeJoin(group: Group): void {
    group.joinDeadline?.cancel()
    group.joinDeadline = undefined
    if (group.state !== 'PreparingRebalance') return
    for (const member of group.members.values()) {
      if (member.awaitingJoin || member.groupInstanceId !== null) continue
      member.session?.cancel()
      group.remove(member.id)
    }
    if (group.members.size > 0 && !electJoinedLeader(group)) {
      this.#startJoinDeadline(group)
      return
    }
    group.generation++
    if (group.members.size === 0) {
      group.state = 'Empty'
      group.protocolName = null
      group.leaderId = null
      group.emptySinceMs = this.#surroundings.clock.nowMs()
      return
    }
    group.protocolName = group.chooseProtocol()
    group.state = 'CompletingRebalance'
    this.#answerJoins(group)
  }

  #answerJoins(group: Group): void {
    group.awaitedSyncs.clear()
    for (const member of group.members.values()) group.awaitedSyncs.add(member.id)
    for (const member of group.members.values()) {
      member.isNew = false
      this.heard(group, member)
      const answer = member.awaitingJoin
      member.awaitingJoin = undefined
      answer?.(joinedAnswer(group, member))
    }
    group.syncDeadline?.cancel()
    const expired = group.generation
    group.syncDeadline = this.#surroundings.timers.after(
      group.rebalanceTimeoutMs,
      () => this.#expireSyncs(group, expired),
      true,
    )
  }

  /** Those who have joined but never asked for their assignment are dropped. */
  #expireSyncs(group: Group, generation: number): void {
    if (group.generation !== generation || group.awaitedSyncs.size === 0) return
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
    for (const id of group.awaitedSyncs) {
      const member = group.remove(id)
      member?.session?.cancel()
    }
    this.prepare(group)
  }

  #refuseSyncs(group: Group): void {
    group.syncDeadline?.cancel()
    group.syncDeadline = undefined
    group.awaitedSyncs.clear()
    const error = errorCode.REBALANCE_IN_PROGRESS
    for (const member of group.members.values()) {
      member.assignment = noAssignment
      const answer = member.awaitingSync
      if (answer === undefined) continue
      member.awaitingSync = undefined
      this.heard(group, member)
      answer({ error, protocolType: null, protocolName: null, assignment: noAssignment })
    }
  }

  #expire(group: Group, member: Member): void {
    if (group.members.get(member.id) !== member) return
    // Who waits for an answer of ours is alive: its heartbeats stand behind the parked request.
    if (member.awaitingJoin && !member.isNew) this.heard(group, member)
    else if (member.awaitingSync) this.heard(group, member)
    else this.remove(group, member)
  }
}

/** True when the leader has joined, or another member that has could take its place. */
function electJoinedLeader(group: Group): boolean {
  const leader = group.leaderId === null ? undefined : group.members.get(group.leaderId)
  if (leader?.awaitingJoin) return true
  for (const member of group.members.values()) {
    if (!member.awaitingJoin) continue
    group.leaderId = member.id
    return true
  }
  return false
}

/** What a member learns when its generation begins. */
export function joinedAnswer(group: Group, member: Member): JoinAnswer {
  return {
    error: errorCode.NONE,
    memberId: member.id,
    generation: group.generation,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    members: group.leaderId === member.id ? group.memberList() : [],
  }
}

/** What a member learns from SyncGroup. */
export function syncedAnswer(
  group: Group,
  member: Member,
): {
  readonly error: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
} {
  const { protocolType, protocolName } = group
  return { error: errorCode.NONE, protocolType, protocolName, assignment: member.assignment }
}

/** A JoinGroup that is refused. */
export function refusedJoin(error: number, memberId: string): JoinAnswer {
  return {
    error,
    memberId,
    generation: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}
