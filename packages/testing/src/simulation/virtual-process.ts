/**
 * One life of a process in a simulation. It is given clock, timers and randomness of its own; every call that leaves it
 * passes a *yield point*, where the scenario may kill it.
 *
 * A dead process never runs again: its timers are dropped, promises it waits for stay open, and what its last
 * continuations still try to do parks for ever at the next yield point. What it sent before may still arrive. A suspended
 * process (SIGSTOP) keeps what comes due until it continues; the world goes on meanwhile.
 */
import type { Cancellable, Clock, Random, Timers } from '@millrace/core/port'
import type { SeededRandom } from './seeded-random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Wall-clock time at the start of every simulation. */
export const epochMs = 1_700_000_000_000

export class VirtualProcess {
  readonly name: string
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** When it last went on after being stopped, virtual ms. */
  resumedMs: number = -Infinity
  /** Jump of this process' wall clock, ms; the monotonic clock never jumps. */
  clockJumpMs = 0
  private readonly time: VirtualTime
  private readonly observe: ((process: VirtualProcess, label: string) => void) | null
  private alive = true
  private suspended = false
  private readonly waiting: (() => void)[] = []

  /** @param observe called at each yield point, before its effect; may kill or suspend the process */
  constructor(
    name: string,
    world: { readonly time: VirtualTime; readonly random: SeededRandom },
    observe: ((process: VirtualProcess, label: string) => void) | null = null,
  ) {
    this.name = name
    this.time = world.time
    this.random = world.random
    this.observe = observe
    this.clock = {
      nowMs: () => epochMs + Math.floor(this.time.nowMs) + this.clockJumpMs,
      monotonicMs: () => this.time.nowMs,
    }
    this.timers = {
      after: (ms, run) => this.after(ms, run),
      sleep: async (ms, signal) => this.sleep(ms, signal),
    }
  }

  get isAlive(): boolean {
    return this.alive
  }

  get isSuspended(): boolean {
    return this.suspended
  }

  /** SIGKILL. */
  kill(): void {
    this.alive = false
    this.waiting.length = 0
  }

  /** SIGSTOP. */
  suspend(): void {
    this.suspended = true
  }

  /** SIGCONT: what came due meanwhile runs now, in its order. */
  resume(): void {
    if (!this.suspended) return
    this.suspended = false
    this.resumedMs = this.time.nowMs
    for (const run of this.waiting.splice(0)) this.time.after(0, () => this.enter(run))
  }

  /**
   * Passes a yield point.
   *
   * @returns false when the process is dead: the caller does nothing and returns a promise that stays open
   */
  passes(label: string): boolean {
    if (!this.alive) return false
    this.observe?.(this, label)
    return this.alive
  }

  /** Runs code of this process: at once, after it continues, or never. */
  enter(run: () => void): void {
    if (!this.alive) return
    if (this.suspended) {
      this.waiting.push(run)
      return
    }
    try {
      run()
    } catch (error) {
      // Code that was running when the process died: nobody is left to see its errors.
      if (this.alive) throw error
    }
  }

  private after(delayMs: number, run: () => void): Cancellable {
    if (!this.alive) return { cancel: () => undefined }
    return this.time.after(delayMs, () => this.enter(run))
  }

  private async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel()
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = this.after(delayMs, end)
      signal?.addEventListener('abort', end)
    })
  }
}

/** A promise that nobody settles: where a dead process waits. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined)
