/** Node's own clock, timers and randomness: the default surroundings of the embedded broker. */
import { randomBytes } from 'node:crypto'
import type { Cancellable, Clock, Random, Timers } from './surroundings.ts'

export const nodeClock: Clock = { nowMs: () => Date.now() }

/** Longest delay that Node's timers take; a longer one would fire at once. */
const delayMsMax = 2147483647

export const nodeTimers: Timers = {
  after(delayMs: number, run: () => void, background: boolean = false): Cancellable {
    const timer = setTimeout(run, Math.min(delayMsMax, Math.max(0, delayMs)))
    if (background) timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return
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

export const nodeRandom: Random = {
  next: () => Math.random(),
  bytes: (length: number) => new Uint8Array(randomBytes(length)),
}

/** After I/O, so that a busy in-process client never starves timers and sockets. */
export function nodeDefer(run: () => void): void {
  setImmediate(run)
}
