/** Time that passes only when nothing else is left to do: timers for tests without waiting. */
import type { Cancellable, Clock, Random, Timers } from '@millrace/core/port'
import { silentLogger } from '@millrace/core/port'
import type { Surroundings } from '@millrace/protocol'

interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualTime implements Clock, Timers {
  #nowMs = 1_000_000
  #entries: Entry[] = []
  #order = 0

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, run: () => void): Cancellable {
    const entry = { atMs: this.#nowMs + delayMs, order: this.#order++, run }
    this.#entries.push(entry)
    return {
      cancel: () => {
        this.#entries = this.#entries.filter((other) => other !== entry)
      },
    }
  }

  async sleep(
    delayMs: number,
    signal?: { readonly aborted: boolean; addEventListener: AbortSignal['addEventListener'] },
  ): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      this.after(delayMs, resolve)
      signal?.addEventListener('abort', () => resolve())
    })
  }

  /** Lets everything run until the promise is settled, moving time from timer to timer; gives up after `limitMs`. */
  async run<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    promise.then(settle, settle)
    const until = this.#nowMs + limitMs
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve))
      if (isSettled) return promise
      const next = this.#entries.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
      if (next === undefined || next.atMs > until) throw new Error('nothing happens any more')
      this.#entries = this.#entries.filter((other) => other !== next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
  }
}

/** Small seeded generator (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256)) }
}

export function virtualSurroundings(time: VirtualTime, seed = 1): Surroundings {
  return { clock: time, timers: time, random: seeded(seed), logger: silentLogger }
}
