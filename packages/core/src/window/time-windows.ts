/**
 * Tumbling and hopping windows: fixed size, aligned to the epoch, so two instances agree without talking.
 *
 * A window is half open, `[start, start + sizeMs)`. A record belongs to every window that contains its timestamp: one
 * if they tumble, up to `ceil(sizeMs / advanceMs)` if they hop. Windows that would start before the epoch do not
 * exist.
 */
import { TopologyError } from '../errors.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import { type GraceOptions, graceOptions, windowGrace, windowLength } from './bounds.ts'
import { optionNames, requireArgument, requireKnown } from '../known-options.ts'

/** Windows of one size; made by `tumbling` and `hopping`. All lengths are whole ms. */
export interface TimeWindows {
  readonly kind: 'time'
  readonly sizeMs: number
  /** Distance between starts; equal to the size when the windows tumble. */
  readonly advanceMs: number
  readonly graceMs: number
}

/**
 * Windows of one size, each beginning where the one before ends.
 *
 * @param size above 0
 * @throws {MR_WINDOW_SIZE_RANGE} {MR_WINDOW_GRACE_RANGE} {MR_CONFIG_DURATION}
 * @example
 * show(tumbling('5m', { grace: '30s' })) // [0, 300000), [300000, 600000), …
 * // → {"kind":"time","sizeMs":300000,"advanceMs":300000,"graceMs":30000}
 */
export function tumbling(size: Duration, options?: GraceOptions): TimeWindows {
  requireKnown(options, graceOptions, 'tumbling')
  const sizeMs = windowLength(size, 'tumbling', 'size', 1)
  return { kind: 'time', sizeMs, advanceMs: sizeMs, graceMs: windowGrace(options, 'tumbling') }
}

/** How far hopping windows are apart, and their grace. */
export interface HoppingOptions extends GraceOptions {
  /** Distance between two starts, above 0 and at most the size. */
  readonly advance: Duration
}

const hoppingOptions = optionNames<HoppingOptions>({ advance: true, grace: true })

/**
 * Windows of one size that overlap: one begins every `advance`.
 *
 * @throws {MR_WINDOW_ADVANCE_RANGE} if advance is not in (0, size]
 * @throws {MR_WINDOW_SIZE_RANGE} {MR_WINDOW_GRACE_RANGE} {MR_CONFIG_DURATION}
 * @example
 * show(hopping('5m', { advance: '1m' })) // [0, 300000), [60000, 360000), …
 * // → {"kind":"time","sizeMs":300000,"advanceMs":60000,"graceMs":0}
 */
export function hopping(size: Duration, options: HoppingOptions): TimeWindows {
  requireKnown(options, hoppingOptions, 'hopping')
  const accepted = "a size and a distance: hopping('5m', { advance: '1m' })"
  requireArgument(options?.advance !== undefined, options, { where: 'hopping', accepted })
  const sizeMs = windowLength(size, 'hopping', 'size', 1)
  const advanceMs = durationMs(options.advance, 'hopping.advance')
  if (!(Number.isSafeInteger(advanceMs) && advanceMs > 0 && advanceMs <= sizeMs))
    throw new TopologyError('MR_WINDOW_ADVANCE_RANGE', { advanceMs, sizeMs })
  return { kind: 'time', sizeMs, advanceMs, graceMs: windowGrace(options, 'hopping') }
}

/**
 * Start of the oldest window that contains the timestamp; the others follow every `advanceMs` up to the timestamp.
 *
 * @param timestampMs event time, ≥ 0
 * @example
 * run(({ texts }) => texts.groupByKey().windowedBy(hopping(10, { advance: 4 })).count(), ['texts', 'a', 'x', 11])
 * // → [["a@4..14",1],["a@8..18",1]]
 */
export function firstWindowStart(windows: TimeWindows, timestampMs: number): number {
  const earliest = timestampMs - windows.sizeMs + windows.advanceMs
  return earliest <= 0 ? 0 : earliest - (earliest % windows.advanceMs)
}
