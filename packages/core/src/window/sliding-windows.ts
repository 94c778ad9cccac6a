/**
 * Sliding windows: `[start, end]`, both inclusive, aligned to the records and not to the epoch. Two records are in one
 * window exactly when their timestamps differ by at most `differenceMs`.
 */
import type { Duration } from '../time/duration.ts'
import { type GraceOptions, graceOptions, windowGrace, windowLength } from './bounds.ts'
import { requireKnown } from '../known-options.ts'

/** Made by `sliding`. Lengths are whole ms. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  readonly differenceMs: number
  readonly graceMs: number
}

/**
 * Windows over records that are at most this far apart.
 *
 * @param difference 0 or more; with 0 the first record fails with MR_WINDOW_EMPTY, as in Kafka
 * @throws {MR_WINDOW_SIZE_RANGE} {MR_WINDOW_GRACE_RANGE} {MR_CONFIG_DURATION}
 * @see KIP-450
 * @example
 * show(sliding('5m', { grace: '1m' }))
 * // → {"kind":"sliding","differenceMs":300000,"graceMs":60000}
 */
export function sliding(difference: Duration, options?: GraceOptions): SlidingWindows {
  const differenceMs = windowLength(difference, 'sliding', 'difference', 0)
  requireKnown(options, graceOptions, 'sliding')
  return { kind: 'sliding', differenceMs, graceMs: windowGrace(options, 'sliding') }
}
