/** Surroundings that stand still until a test moves them: time, timers, deferred steps and seeded chance. */
import { silentLogger } from '@millrace/core/port'
import type { Surroundings } from '../src/surroundings.ts'

interface Timer {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualSurroundings implements Surroundings {
  nowMs: number
  readonly logger = silentLogger
  readonly #timers = new Set<Timer>()
  readonly #deferred: (() => void)[] = []
  #order = 0
  #state: number

  constructor(startMs = 1_000_000, seed = 1) {
    this.nowMs = startMs
    this.#state = seed
  }

  readonly clock = { nowMs: (): number => this.nowMs }

  readonly timers = {
    after: (delayMs: number, run: () => void): { cancel: () => void } => {
      const timer = { atMs: this.nowMs + delayMs, order: this.#order++, run }
      this.#timers.add(timer)
      return { cancel: () => this.#timers.delete(timer) }
    },
    sleep: async (): Promise<void> => undefined,
  }

  readonly random = {
    next: (): number => seededNext(this),
    bytes: (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(seededNext(this) * 256)),
  }

  readonly defer = (run: () => void): void => {
    this.#deferred.push(run)
  }

  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Runs what has been deferred, and what that defers. */
  settle(): void {
    for (let run = this.#deferred.shift(); run !== undefined; run = this.#deferred.shift()) run()
  }

  /** Lets time pass, timer by timer, with everything deferred in between. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    this.settle()
    for (;;) {
      const due = [...this.#timers]
        .filter((timer) => timer.atMs <= untilMs)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.run()
      this.settle()
    }
    this.nowMs = untilMs
  }

  /** mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function seededNext(surroundings: VirtualSurroundings): number {
  return surroundings.next()
}
