/**
 * Checks of lengths of time that windows are made of. Every window is whole milliseconds, so a text such as `'0.5ms'`
 * is refused here.
 */
import { TopologyError } from '../errors.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import { optionNames } from '../known-options.ts'

/** What may be said about a window after its size. */
export interface GraceOptions {
  /** How long after its end a window still takes records that come late, ms or text; default 0. */
  readonly grace?: Duration
}

/** The names of `GraceOptions`. */
export const graceOptions: readonly string[] = optionNames<GraceOptions>({ grace: true })

/**
 * Milliseconds of one length of a window.
 *
 * @param least smallest accepted value, ms
 * @throws {MR_CONFIG_DURATION} it is not a duration
 * @throws {MR_WINDOW_SIZE_RANGE} below `least` or not whole
 */
export function windowLength(length: Duration, window: string, option: string, least: number): number {
  const ms = durationMs(length, `${window}.${option}`)
  if (Number.isSafeInteger(ms) && ms >= least) return ms
  const accepted = `${least} to ${Number.MAX_SAFE_INTEGER} whole milliseconds`
  throw new TopologyError('MR_WINDOW_SIZE_RANGE', { window, option, value: quoted(length), accepted })
}

/**
 * Milliseconds of grace.
 *
 * @throws {MR_WINDOW_GRACE_RANGE} negative or not whole
 */
export function windowGrace(options: GraceOptions | undefined, window: string): number {
  const grace = options?.grace ?? 0
  const ms = durationMs(grace, `${window}.grace`)
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  throw new TopologyError('MR_WINDOW_GRACE_RANGE', { window, value: quoted(grace) })
}

function quoted(length: Duration): string {
  return typeof length === 'number' ? `${length} ms` : `"${length}"`
}
