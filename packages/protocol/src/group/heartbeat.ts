/**
 * Keeps a member alive: a heartbeat on its own timer, whatever the stream loop does meanwhile.
 *
 * It only reports what the coordinator says; the member decides. It also holds the lease: how long ago the coordinator
 * last counted us in, measured from the moment a request was sent, so that the lease ends here before it ends there.
 */
import { RetriableError, StreamsError } from '@millrace/core'
import type { Cancellable } from '@millrace/core/port'
import type { Cluster } from '../cluster/cluster.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import { heartbeat } from '../codec/apis.ts'
import { errorCode } from '../codec/error-code.ts'
import { isSilenced } from '../fault-switch.ts'
import type { GroupIdentity } from './group-offsets.ts'

/** What a heartbeat needs and tells. */
export interface HeartbeatOptions {
  readonly cluster: Cluster
  readonly intervalMs: number
  readonly sessionTimeoutMs: number
  /** Identity to send; null while no heartbeat is due (a JoinGroup or SyncGroup is under way). */
  readonly identity: () => GroupIdentity | null
  /** The coordinator's answer was not 0, or asking failed for good. */
  readonly onAnswer: (code: number, asked: GroupIdentity) => void
  readonly onFailure: (error: StreamsError) => void
  /** Called at each tick before anything is sent. */
  readonly onTick: () => void
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #stopped = new AbortController()
  #timer: Cancellable | null = null
  #beating = false
  #countedInMs = -Infinity

  constructor(options: HeartbeatOptions) {
    this.#options = options
  }

  /** Begins to tick; a second call does nothing. */
  start(): void {
    if (this.#timer === null && !this.#stopped.signal.aborted) this.#schedule()
  }

  /** Ends it for good. */
  stop(): void {
    this.#stopped.abort()
    this.#timer?.cancel()
    this.#timer = null
  }

  /** Notes that the coordinator counts us in as of a request sent at `sentMs` (monotonic). */
  countedIn(sentMs: number): void {
    this.#countedInMs = Math.max(this.#countedInMs, sentMs)
  }

  /** False when the coordinator may have given our partitions away without our knowing. */
  leaseValid(): boolean {
    return monotonicMs(this.#options.cluster.around.clock) - this.#countedInMs < this.#options.sessionTimeoutMs
  }

  #schedule(): void {
    const { timers } = this.#options.cluster.around
    this.#timer = timers.after(
      this.#options.intervalMs,
      () => {
        this.#options.onTick()
        if (this.#stopped.signal.aborted) return
        this.#schedule()
        if (!this.#beating) void this.#beat()
      },
      true,
    )
  }

  async #beat(): Promise<void> {
    const { cluster, sessionTimeoutMs, identity, onAnswer, onFailure } = this.#options
    const asked = identity()
    if (asked === null || isSilenced(cluster.around)) return
    this.#beating = true
    const sentMs = monotonicMs(cluster.around.clock)
    try {
      const { errorCode: code } = await cluster.coordinators.call({
        kind: 'group',
        key: asked.groupId,
        api: heartbeat,
        body: asked,
        codeOf: (response) => response.errorCode,
        timeoutMs: sessionTimeoutMs,
        requestTimeoutMs: Math.max(1000, sessionTimeoutMs / 3),
        signal: this.#stopped.signal,
      })
      if (code === 0 || code === errorCode.REBALANCE_IN_PROGRESS) this.countedIn(sentMs)
      if (code !== 0) onAnswer(code, asked)
    } catch (error) {
      if (!(error instanceof RetriableError) && error instanceof StreamsError) onFailure(error)
      else cluster.around.logger.debug('heartbeat failed', { group: asked.groupId, reason: String(error) })
    } finally {
      this.#beating = false
    }
  }
}
