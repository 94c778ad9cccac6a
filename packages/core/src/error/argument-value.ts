/**
 * Values of arguments on a command line, checked the same way by every program: a slip of the pen is refused, and never
 * taken for a default, for zero, or for no work at all.
 */
import { ConfigError } from '../errors.ts'

/** Bounds of a number, both included. */
export interface NumberBounds {
  /** Default 0. */
  readonly least?: number
  /** Default: the greatest number that is exact. */
  readonly most?: number
}

/**
 * @param text as it was given; digits only, without sign, point or exponent
 * @throws {MR_CONFIG_INVALID} (ConfigError) no whole number, or one out of bounds
 */
export function wholeNumber(option: string, text: string, { least = 0, most }: NumberBounds = {}): number {
  const value = Number(text)
  const isWithin = value >= least && value <= (most ?? Number.MAX_SAFE_INTEGER)
  if (/^\d+$/.test(text) && isWithin) return value
  const accepted = `a whole number from ${least} ${most === undefined ? 'on' : `to ${most}`}`
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(text), accepted })
}
