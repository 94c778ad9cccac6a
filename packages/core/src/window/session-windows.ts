/**
 * Session windows: per key, `[first, last]`, both inclusive; records belong to one session while no gap between
 * neighbours is longer than `gapMs`. A record that comes between two sessions merges them.
 */
import type { Duration } from '../time/duration.ts'
import { type GraceOptions, graceOptions, windowGrace, windowLength } from './bounds.ts'
import { requireKnown } from '../known-options.ts'

/** Made by `session`. Lengths are whole ms. */
export interface SessionWindows {
  readonly kind: 'session'
  readonly gapMs: number
  readonly graceMs: number
}

/**
 * Sessions that end when nothing comes for this long.
 *
 * @param gap 0 or more; with 0 only records of one time are in one session
 * @throws {MR_WINDOW_SIZE_RANGE} {MR_WINDOW_GRACE_RANGE} {MR_CONFIG_DURATION}
 * @see KIP-94
 * @example
 * show(session('30m', { grace: '5m' }))
 * // → {"kind":"session","gapMs":1800000,"graceMs":300000}
 */
export function session(gap: Duration, options?: GraceOptions): SessionWindows {
  requireKnown(options, graceOptions, 'session')
  return { kind: 'session', gapMs: windowLength(gap, 'session', 'gap', 0), graceMs: windowGrace(options, 'session') }
}
