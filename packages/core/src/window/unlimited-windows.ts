/**
 * One window from a start on that never ends: `[startMs, ∞)`. Its `endMs` is `Infinity`, where Java has the greatest
 * long. Records before the start belong to no window and are ignored.
 */
import type { Duration } from '../time/duration.ts'
import { windowLength } from './bounds.ts'
import { optionNames, requireKnown } from '../known-options.ts'

/** Made by `unlimited`. */
export interface UnlimitedWindows {
  readonly kind: 'unlimited'
  /** Event time at which the window begins, ms since the epoch. */
  readonly startMs: number
  readonly graceMs: 0
}

/** Where the window begins. */
export interface UnlimitedOptions {
  /** Event time, ms since the epoch, 0 or more; default 0. */
  readonly start?: Duration
}

const unlimitedOptions = optionNames<UnlimitedOptions>({ start: true })

/**
 * A window without end.
 *
 * @throws {MR_WINDOW_SIZE_RANGE} if the start is negative
 * @example
 * show(unlimited({ start: 1_700_000_000_000 }))
 * // → {"kind":"unlimited","startMs":1700000000000,"graceMs":0}
 */
export function unlimited(options?: UnlimitedOptions): UnlimitedWindows {
  requireKnown(options, unlimitedOptions, 'unlimited')
  return { kind: 'unlimited', startMs: windowLength(options?.start ?? 0, 'unlimited', 'start', 0), graceMs: 0 }
}
