/** Node's own clock, timers and randomness: what client, broker and runtime use unless a test or a simulation gives others. */
import { randomBytes } from 'node:crypto'
import type { Cancellable, Clock, Random, Timers } from '@millrace/core/port'

/** Longest delay that Node's timers take; a longer one would fire at once. */
const delayMsMax = 2_147_483_647

/** Wall-clock time, and a clock that only grows. */
export const nodeClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() }

/** Node's timers. */
export const nodeTimers: Timers = {
  after(delayMs: number, run: () => void, background?: boolean): Cancellable {
    const timer = setTimeout(run, Math.min(delayMsMax, Math.max(0, delayMs)))
    if (background === true) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, Math.min(delayMsMax, Math.max(0, delayMs)))
      signal?.addEventListener('abort', end)
    })
  },
}

/** Node's randomness. */
export const nodeRandom: Random = {
  next: () => Math.random(),
  bytes: (length: number) => new Uint8Array(randomBytes(length)),
}
