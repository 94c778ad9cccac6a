import { ConfigError } from '../errors.ts'

/** A length of time: whole milliseconds, or a text such as `'500ms'`, `'10s'`, `'5m'`, `'1h'`, `'7d'`. */
export type Duration = number | `${number}ms` | `${number}s` | `${number}m` | `${number}h` | `${number}d`

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * Milliseconds of a duration.
 *
 * @param what the name of the option or argument, for the error
 * @throws {MR_CONFIG_DURATION} if it is not a finite number or a number with one of the units ms, s, m, h, d
 */
export function durationMs(duration: Duration, what: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration)) return duration
  const match = typeof duration === 'string' ? /^(-?\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null
  if (match === null) throw new ConfigError('MR_CONFIG_DURATION', { option: what, value: String(duration) })
  return Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]
}
