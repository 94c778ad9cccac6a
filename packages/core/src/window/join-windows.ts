/**
 * Which records of two streams meet: right in `[left − before, left + after]`, both inclusive, for equal keys.
 *
 * One of the two may be negative, as long as something is left between them. Grace is how long after that span an
 * unmatched record of a left or outer join is still held back.
 */
import { TopologyError } from '../errors.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import { type GraceOptions, windowGrace } from './bounds.ts'

/** Made by `joinWindows`. Lengths are whole ms. */
export interface JoinWindows {
  readonly kind: 'join'
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
  /** True: unmatched records come out at once, even if a match follows. */
  readonly eager: boolean
}

/**
 * A span of time around a record; `within` is both sides of it, `before` and `after` override one, in this order. As in
 * Kafka (`JoinWindows.ofTimeDifferenceAndGrace(within).before(…).after(…)`) something must be left after each step.
 */
export interface JoinWindowOptions extends GraceOptions {
  readonly within?: Duration
  readonly before?: Duration
  readonly after?: Duration
  /**
   * The behaviour of Kafka's deprecated `JoinWindows.of`: unmatched records come out at once, even if a match follows,
   * and grace is 24 hours less the size of the window unless it is given.
   */
  readonly eager?: boolean
}

const dayMs = 86_400_000

/**
 * The windows of a stream–stream join.
 *
 * @throws {MR_WINDOW_JOIN_RANGE} before + after is negative, or within is, or before + within
 * @throws {MR_WINDOW_SIZE_RANGE} neither within nor both of before and after are given, or one is not whole ms
 * @throws {MR_WINDOW_GRACE_RANGE} {MR_CONFIG_DURATION}
 * @see KIP-633 for grace 0 unless it is given
 * @example
 * run(
 *   ({ texts, numbers }) => texts.join(numbers, (text, n) => `${text}${n}`, { within: '5m', grace: '1m' }),
 *   ['texts', 'a', 'x', 0],
 *   ['numbers', 'a', 1, 300_000],
 *   ['numbers', 'a', 2, 300_001],
 * )
 * // → [["a","x1"]]
 */
export function joinWindows(options: JoinWindowOptions): JoinWindows {
  if (options.within !== undefined) {
    const withinMs = length(options.within, 'within')
    requireSpan(withinMs, withinMs)
    if (options.before !== undefined) requireSpan(length(options.before, 'before'), withinMs)
  }
  const beforeMs = length(options.before ?? options.within, 'before')
  const afterMs = length(options.after ?? options.within, 'after')
  requireSpan(beforeMs, afterMs)
  const eager = options.eager ?? false
  if (eager && options.grace === undefined) {
    const sizeMs = options.within === undefined ? beforeMs + afterMs : 2 * durationMs(options.within, 'join window')
    return { kind: 'join', beforeMs, afterMs, graceMs: Math.max(dayMs - sizeMs, 0), eager }
  }
  return { kind: 'join', beforeMs, afterMs, graceMs: windowGrace(options, 'join window'), eager }
}

/** Retention of the stores of both sides: long enough that a record in grace still finds its partners. */
export function joinRetentionMs(windows: JoinWindows): number {
  return windows.beforeMs + windows.afterMs + windows.graceMs
}

function requireSpan(beforeMs: number, afterMs: number): void {
  if (beforeMs + afterMs < 0) throw new TopologyError('MR_WINDOW_JOIN_RANGE', { beforeMs, afterMs })
}

function length(given: Duration | undefined, option: 'within' | 'before' | 'after'): number {
  const ms = given === undefined ? Number.NaN : durationMs(given, `join window.${option}`)
  if (Number.isSafeInteger(ms)) return ms
  throw new TopologyError('MR_WINDOW_SIZE_RANGE', {
    window: 'join window',
    option,
    value: given === undefined ? 'absent' : String(given),
    accepted: 'whole milliseconds, or within for both sides',
  })
}
