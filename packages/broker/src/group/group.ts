/**
 * A classic consumer group as its coordinator holds it: members, generation, and the state machine of rebalances.
 *
 *   Empty ──join──▶ PreparingRebalance ──all joined, or time──▶ CompletingRebalance ──leader's sync──▶ Stable
 *     ▲                  ▲    ▲                                       │                                   │
 *     └──last one left───┘    └────────── join, leave, expiry ────────┴───────────────────────────────────┘
 *
 * Source: Kafka's ClassicGroup and GroupMetadataManager; KIP-345 (static members), KIP-394 (member id required).
 */
import type { Cancellable } from '../surroundings.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** One protocol (assignor) that a member offers, with its subscription. */
export interface OfferedProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** Answer to JoinGroup. */
export interface JoinAnswer {
  readonly error: number
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly members: readonly { memberId: string; groupInstanceId: string | null; metadata: Uint8Array }[]
}

/** Answer to SyncGroup. */
export interface SyncAnswer {
  readonly error: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
}

export interface Member {
  readonly id: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocols: readonly OfferedProtocol[]
  assignment: Uint8Array
  /** Answers the parked JoinGroup, if there is one. */
  awaitingJoin: ((answer: JoinAnswer) => void) | undefined
  /** Answers the parked SyncGroup, if there is one. */
  awaitingSync: ((answer: SyncAnswer) => void) | undefined
  session: Cancellable | undefined
  /** True until its first JoinGroup has been answered. */
  isNew: boolean
}

export const noAssignment: Uint8Array = new Uint8Array(0)

export class Group {
  readonly id: string
  state: GroupState = 'Empty'
  generation: number = 0
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  readonly members: Map<string, Member> = new Map()
  /** Ids given out with MEMBER_ID_REQUIRED that have not joined yet. */
  readonly pending: Map<string, Cancellable> = new Map()
  /** Member id by group instance id. */
  readonly staticMembers: Map<string, string> = new Map()
  /** Ends the join phase, whoever is missing. */
  joinDeadline: Cancellable | undefined
  /** Set while an empty group waits for more members before its first generation. */
  collecting: boolean = false
  /** Ends the sync phase, whoever is missing. */
  syncDeadline: Cancellable | undefined
  /** Member ids that have not sent SyncGroup in this generation. */
  readonly awaitedSyncs: Set<string> = new Set()
  /** Since when the group is empty; its offsets expire from then on. */
  emptySinceMs: number

  constructor(id: string, nowMs: number) {
    this.id = id
    this.emptySinceMs = nowMs
  }

  get rebalanceTimeoutMs(): number {
    let timeout = 0
    for (const member of this.members.values()) timeout = Math.max(timeout, member.rebalanceTimeoutMs)
    return timeout
  }

  get joined(): number {
    let count = 0
    for (const member of this.members.values()) if (member.awaitingJoin) count++
    return count
  }

  add(member: Member): void {
    if (this.members.size === 0) this.protocolType = this.protocolType ?? ''
    this.members.set(member.id, member)
    if (member.groupInstanceId !== null) this.staticMembers.set(member.groupInstanceId, member.id)
    this.leaderId ??= member.id
  }

  remove(memberId: string): Member | undefined {
    const member = this.members.get(memberId)
    if (member === undefined) return undefined
    this.members.delete(memberId)
    this.awaitedSyncs.delete(memberId)
    if (member.groupInstanceId !== null && this.staticMembers.get(member.groupInstanceId) === memberId) {
      this.staticMembers.delete(member.groupInstanceId)
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
    return member
  }

  /** Puts a restarted static member in the place of its predecessor, which keeps its assignment. */
  replace(old: Member, id: string): Member {
    const successor: Member = { ...old, id, awaitingJoin: undefined, awaitingSync: undefined, session: undefined }
    this.members.delete(old.id)
    this.members.set(id, successor)
    if (this.awaitedSyncs.delete(old.id)) this.awaitedSyncs.add(id)
    if (old.groupInstanceId !== null) this.staticMembers.set(old.groupInstanceId, id)
    if (this.leaderId === old.id) this.leaderId = id
    return successor
  }

  /** True when a member with these protocols has one in common with all others. */
  accepts(protocolType: string, protocols: readonly OfferedProtocol[]): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.members.size === 0) return true
    if (this.protocolType !== protocolType) return false
    const common = this.#commonProtocols()
    return protocols.some((protocol) => common.has(protocol.name))
  }

  /** The protocol that most members put first among those that all of them know. */
  chooseProtocol(): string {
    const common = this.#commonProtocols()
    const votes = new Map<string, number>()
    for (const member of this.members.values()) {
      const vote = member.protocols.find((protocol) => common.has(protocol.name))
      if (vote) votes.set(vote.name, (votes.get(vote.name) ?? 0) + 1)
    }
    let chosen = ''
    let most = 0
    for (const [name, count] of votes) {
      if (count <= most) continue
      chosen = name
      most = count
    }
    return chosen
  }

  /** Subscription of a member under the protocol in force. */
  metadataOf(member: Member): Uint8Array {
    return member.protocols.find((protocol) => protocol.name === this.protocolName)?.metadata ?? noAssignment
  }

  /** Member list as the leader gets it. */
  memberList(): JoinAnswer['members'] {
    return [...this.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.groupInstanceId,
      metadata: this.metadataOf(member),
    }))
  }

  #commonProtocols(): Set<string> {
    let common: Set<string> | undefined
    for (const member of this.members.values()) {
      const names = member.protocols.map((protocol) => protocol.name)
      const before = common
      common = new Set(before === undefined ? names : names.filter((name) => before.has(name)))
    }
    return common ?? new Set()
  }
}

/** True when a member offers exactly these protocols, in this order, byte for byte. */
export function sameProtocols(a: readonly OfferedProtocol[], b: readonly OfferedProtocol[]): boolean {
  return a.length === b.length && a.every((protocol, i) => isSame(protocol, b[i] as OfferedProtocol))
}

function isSame(a: OfferedProtocol, b: OfferedProtocol): boolean {
  if (a.name !== b.name || a.metadata.length !== b.metadata.length) return false
  return a.metadata.every((byte, i) => byte === b.metadata[i])
}
