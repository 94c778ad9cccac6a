/**
 * Membership in a classic consumer group, driven by the stream loop.
 *
 * Requests run in the background (a JoinGroup may be parked for minutes while the loop goes on processing); callbacks
 * run only inside `poll`, which the loop calls at a point where no task is at work. Heartbeats have their own timer.
 *
 * Cooperative (KIP-429): nothing is given up before a rejoin; `onAssigned` compares, closes what it must give up,
 * and asks for another rejoin with `requestRejoin`. Eager: `onRevoked` gives everything up before each rejoin.
 */
import { RetriableError, type StreamsError, StreamsError as StreamsErrorClass, TaskMigratedError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import { leaveGroup } from '../codec/apis.ts'
import { errorCode, errorName } from '../codec/error-code.ts'
import { commitOffsets, type GroupCallOptions, type GroupIdentity, type OffsetToCommit } from './group-offsets.ts'
import { Heartbeat } from './heartbeat.ts'
import { assertLeft, type Assignments, type JoinedMember, joinError, joinOnce, type JoinOutcome } from './join.ts'

/** How a member takes part; times in ms. */
export interface GroupMemberOptions {
  /** For JoinGroup, SyncGroup, Heartbeat: its connection may be parked. */
  readonly cluster: Cluster
  /** For commits and LeaveGroup, which must not wait behind a parked JoinGroup. */
  readonly sideCluster: Cluster
  readonly groupId: string
  /** Static membership (KIP-345); null for a dynamic member. */
  readonly groupInstanceId?: string | null
  /** Default `consumer`. */
  readonly protocolType?: string
  /** Name of the assignor; all members of a group have one in common. */
  readonly protocolName: string
  readonly rebalanceProtocol: 'cooperative' | 'eager'
  /** Silence after which the coordinator removes us; default 45 000. */
  readonly sessionTimeoutMs?: number
  /** Default 3000. */
  readonly heartbeatIntervalMs?: number
  /** How long the coordinator waits for us to rejoin; default `pollIntervalMaxMs`. */
  readonly rebalanceTimeoutMs?: number
  /** Longest time between two `poll`s before we leave by ourselves; default 300 000. */
  readonly pollIntervalMaxMs?: number
  /** Bytes that describe us to the leader; asked before each JoinGroup, so it may depend on what is owned. */
  readonly subscription: () => Uint8Array | Promise<Uint8Array>
  /** The assignor; runs when we lead. RetriableErrors lead to another rebalance, others out of `poll`. */
  readonly assign: (members: readonly JoinedMember[]) => Assignments | Promise<Assignments>
  /** Eager only: give everything up (commit, close), a rejoin begins. */
  readonly onRevoked?: () => Promise<void>
  /** A generation began; `identity` is the lease of what is assigned in it, also of tasks that were kept. */
  readonly onAssigned: (assignment: Uint8Array, identity: GroupIdentity) => Promise<void>
  /** Membership is lost: everything belongs to others already; close without committing. */
  readonly onLost: (reason: StreamsError) => Promise<void>
  /** Something waits for the next `poll`; e.g. wakes the fetcher. */
  readonly onWake?: () => void
}

export class GroupMember {
  readonly #options: GroupMemberOptions
  readonly #sessionTimeoutMs: number
  readonly #pollIntervalMaxMs: number
  readonly #heartbeat: Heartbeat
  readonly #left = new AbortController()
  #memberId = ''
  /** Generation that heartbeats carry: of the last JoinGroup, which may be ahead of the one `onAssigned` told. */
  #generationId = -1
  #identity: GroupIdentity | null = null
  #rejoinReason: string | null = 'first join'
  #joining: Promise<void> | null = null
  /** A JoinGroup or SyncGroup may be parked on the connection. */
  #parked = false
  #arrived: { readonly assignment: Uint8Array; readonly identity: GroupIdentity } | null = null
  #lost: StreamsError | null = null
  #failure: Error | null = null
  #isLeader = false
  #polledMs: number
  /** When the last SyncGroup was sent. */
  #syncedMs = -Infinity

  constructor(options: GroupMemberOptions) {
    this.#options = options
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 45_000
    this.#pollIntervalMaxMs = options.pollIntervalMaxMs ?? 300_000
    this.#polledMs = this.#nowMs()
    this.#heartbeat = new Heartbeat({
      cluster: options.cluster,
      intervalMs: options.heartbeatIntervalMs ?? 3000,
      sessionTimeoutMs: this.#sessionTimeoutMs,
      identity: () => (this.#generationId < 0 || this.#parked ? null : this.#identityOf(this.#generationId)),
      onAnswer: (code, asked) => this.#onHeartbeat(code, asked),
      onFailure: (error) => this.#fail(error),
      onTick: () => this.#checkPollInterval(),
    })
  }

  /** Identity of the generation that `onAssigned` was last told; null while not in the group. */
  get identity(): GroupIdentity | null {
    return this.#identity
  }

  get memberId(): string {
    return this.#memberId
  }

  get isLeader(): boolean {
    return this.#isLeader
  }

  /** True from the moment a rejoin is due until its assignment was handed over: commits may be refused meanwhile. */
  get isRebalancing(): boolean {
    return this.#joining !== null || this.#arrived !== null || this.#rejoinReason !== null
  }

  /** False when the session may have ended without our knowing: then send neither offsets nor an EndTxn that commits. */
  leaseValid(): boolean {
    return this.#identity !== null && this.#heartbeat.leaseValid()
  }

  /**
   * False when the partitions may be somebody else's by now. Weaker than the lease: while a JoinGroup is parked, for as
   * long as the slowest member takes, no heartbeat is due and nobody is expelled.
   */
  mayOwn(): boolean {
    if (this.#identity === null || this.#lost !== null) return false
    return this.#joining !== null || this.#heartbeat.leaseValid()
  }

  /**
   * Does what is due: runs callbacks, starts a rejoin in the background. Call it every round of the loop, never
   * concurrently; it does not wait for other members.
   *
   * @throws {MR_PROTOCOL_INSTANCE_FENCED} {MR_PROTOCOL_GROUP} {MR_PROTOCOL_AUTHORIZATION} and what the callbacks throw
   */
  async poll(): Promise<void> {
    if (this.#left.signal.aborted) return
    this.#polledMs = this.#nowMs()
    if (this.#failure !== null) throw this.#failure
    if (this.#lost !== null) await this.#lose(this.#lost)
    const arrived = this.#arrived
    if (arrived !== null) {
      this.#arrived = null
      this.#identity = arrived.identity
      await this.#options.onAssigned(arrived.assignment, arrived.identity)
      // It may have taken longer than the poll interval.
      if (this.#lost !== null) await this.#lose(this.#lost)
    }
    if (this.#rejoinReason !== null && this.#joining === null && !this.#left.signal.aborted) await this.#rejoin()
    this.#polledMs = this.#nowMs()
  }

  /** Asks for another rebalance at the next `poll`, e.g. because partitions were given up or metadata changed. */
  requestRejoin(reason: string): void {
    this.#rejoinReason ??= reason
    this.#options.onWake?.()
  }

  /**
   * Commits offsets with the identity of a lease, by default of the current generation.
   *
   * @throws {MR_PROTOCOL_REBALANCE} (RetriableError) a rebalance is under way and the lease's generation is over: not
   *   committed; whether the partitions are still ours shows at its end
   * @throws {MR_PROTOCOL_MEMBER_LOST} (TaskMigratedError) {MR_PROTOCOL_DEADLINE} {MR_PROTOCOL_AUTHORIZATION}
   */
  async commit(
    offsets: readonly OffsetToCommit[],
    options: GroupCallOptions & { readonly identity?: GroupIdentity } = {},
  ): Promise<void> {
    const identity = options.identity ?? this.#identity
    const { groupId, sideCluster } = this.#options
    if (identity === null) throw this.#lostError('it has not joined')
    try {
      await commitOffsets(sideCluster, identity, offsets, options)
    } catch (error) {
      const isLost = error instanceof StreamsErrorClass && error.code === 'MR_PROTOCOL_MEMBER_LOST'
      if (!isLost) throw error
      if (this.isRebalancing && this.#lost === null && this.#memberId === identity.memberId) {
        throw new RetriableError('MR_PROTOCOL_REBALANCE', { group: groupId, what: 'a commit' }, { cause: error })
      }
      this.requestRejoin('commit refused')
      throw error
    }
  }

  /**
   * Ends membership. With `send` the coordinator is told, so that others take over at once; without it they do so after
   * the session timeout, and a static member that is back before keeps its place. Twice is harmless.
   *
   * A LeaveGroup that fails is logged: the session timeout does the same.
   */
  async leave(options: {
    readonly send: boolean
    readonly reason?: string
    readonly timeoutMs?: number
  }): Promise<void> {
    if (this.#left.signal.aborted) return
    this.#left.abort()
    this.#heartbeat.stop()
    const identity = this.#identityOf(this.#generationId)
    this.#identity = null
    if (!options.send || identity.memberId === '') return
    try {
      await this.#sendLeave(identity, options.reason ?? 'the application closes', options.timeoutMs ?? 5000)
    } catch (error) {
      this.#log('leaving the group failed', error)
    }
  }

  async #rejoin(): Promise<void> {
    if (this.#options.rebalanceProtocol === 'eager' && this.#identity !== null) {
      await this.#options.onRevoked?.()
      this.#identity = null
      if (this.#left.signal.aborted) return
    }
    const reason = this.#rejoinReason ?? ''
    this.#rejoinReason = null
    this.#joining = this.#join(reason).finally(() => {
      this.#joining = null
      this.#parked = false
      this.#options.onWake?.()
    })
  }

  async #join(reason: string): Promise<void> {
    const { cluster, groupId, groupInstanceId, protocolName, protocolType, subscription, assign } = this.#options
    try {
      this.#parked = true
      const outcome = await joinOnce(
        {
          cluster,
          groupId,
          groupInstanceId: groupInstanceId ?? null,
          protocolName,
          protocolType: protocolType ?? 'consumer',
          sessionTimeoutMs: this.#sessionTimeoutMs,
          rebalanceTimeoutMs: this.#options.rebalanceTimeoutMs ?? this.#pollIntervalMaxMs,
          subscription,
          assign,
          signal: this.#left.signal,
          onMemberId: (memberId) => {
            this.#memberId = memberId
          },
          onGeneration: (generationId, memberId, sentMs) => this.#onGeneration(generationId, memberId, sentMs),
          onSync: () => {
            this.#syncedMs = this.#nowMs()
            this.#parked = true
          },
        },
        this.#memberId,
        reason,
      )
      await this.#onOutcome(outcome)
    } catch (error) {
      if (!this.#left.signal.aborted) this.#fail(error)
    }
  }

  #onGeneration(generationId: number, memberId: string, sentMs: number): void {
    this.#memberId = memberId
    this.#generationId = generationId
    this.#parked = false
    this.#heartbeat.countedIn(sentMs)
    if (!this.#left.signal.aborted) this.#heartbeat.start()
  }

  async #onOutcome(outcome: JoinOutcome): Promise<void> {
    const { timers, logger } = this.#options.cluster.around
    if (this.#left.signal.aborted) return
    switch (outcome.kind) {
      case 'joined':
        this.#isLeader = outcome.leader
        this.#arrived = { assignment: outcome.assignment, identity: this.#identityOf(outcome.generationId) }
        // Not the moment of the answer: it may have waited here while the process was stopped.
        this.#heartbeat.countedIn(this.#syncedMs)
        logger.info('joined the group', {
          group: this.#options.groupId,
          generation: outcome.generationId,
          member: this.#memberId,
          leader: outcome.leader,
        })
        return
      case 'again':
        await timers.sleep(outcome.waitMs, this.#left.signal)
        this.#rejoinReason ??= 'another rebalance'
        return
      case 'lost':
        this.#onLost(outcome.code, outcome.forgetMember)
    }
  }

  #onHeartbeat(code: number, asked: GroupIdentity): void {
    if (asked.generationId !== this.#generationId || asked.memberId !== this.#memberId) return
    switch (code) {
      case errorCode.REBALANCE_IN_PROGRESS:
        if (this.#joining === null) this.requestRejoin('the group is rebalancing')
        return
      case errorCode.UNKNOWN_MEMBER_ID:
      case errorCode.ILLEGAL_GENERATION:
        this.#onLost(code, code === errorCode.UNKNOWN_MEMBER_ID)
        return
      default:
        this.#fail(joinError(code, { groupId: asked.groupId, groupInstanceId: asked.groupInstanceId }))
    }
  }

  /** The coordinator dropped us: nothing that is owned may be committed any more. */
  #onLost(code: number, forgetMember: boolean): void {
    this.#setLost(errorName(code), forgetMember)
  }

  #setLost(reason: string, forgetMember: boolean): void {
    this.#arrived = null
    if (this.#identity !== null) this.#lost ??= this.#lostError(reason)
    this.#generationId = -1
    if (forgetMember) this.#memberId = ''
    this.requestRejoin(reason)
  }

  async #lose(reason: StreamsError): Promise<void> {
    this.#lost = null
    this.#identity = null
    await this.#options.onLost(reason)
  }

  #checkPollInterval(): void {
    if (this.#identity === null || this.#nowMs() - this.#polledMs <= this.#pollIntervalMaxMs) return
    const identity = this.#identityOf(this.#generationId)
    const reason = `its loop did not come round for ${this.#pollIntervalMaxMs} ms, so it left`
    this.#setLost(reason, true)
    if (identity.groupInstanceId !== null) return
    this.#sendLeave(identity, 'maximum poll interval exceeded', 5000).catch((error: unknown) => {
      this.#log('leaving the group failed', error)
    })
  }

  async #sendLeave(identity: GroupIdentity, reason: string, timeoutMs: number): Promise<void> {
    const { memberId, groupInstanceId, groupId } = identity
    const response = await this.#options.sideCluster.coordinators.call({
      kind: 'group',
      key: groupId,
      api: leaveGroup,
      body: { groupId, members: [{ memberId, groupInstanceId, reason }] },
      codeOf: (sent) => sent.errorCode || (sent.members[0]?.errorCode ?? 0),
      timeoutMs,
      requestTimeoutMs: timeoutMs,
    })
    assertLeft(response.errorCode || (response.members[0]?.errorCode ?? 0), groupId)
  }

  #identityOf(generationId: number): GroupIdentity {
    const { groupId, groupInstanceId } = this.#options
    return { groupId, generationId, memberId: this.#memberId, groupInstanceId: groupInstanceId ?? null }
  }

  #lostError(reason: string): TaskMigratedError {
    const { groupId: group } = this.#options
    return new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', { group, member: this.#memberId, reason })
  }

  #fail(error: unknown): void {
    this.#failure ??= error as Error
    this.#options.onWake?.()
  }

  #log(text: string, error: unknown): void {
    this.#options.cluster.around.logger.warn(text, { group: this.#options.groupId, reason: String(error) })
  }

  #nowMs(): number {
    return monotonicMs(this.#options.cluster.around.clock)
  }
}
