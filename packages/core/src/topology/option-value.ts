/** Values of options of operators that are words or numbers: checked while the topology is drawn. */
import { nearestName } from '../error/nearest-name.ts'
import { ConfigError } from '../errors.ts'

const resets = ['earliest', 'latest', 'none'] as const

/** @throws {MR_CONFIG_INVALID} (ConfigError) another word; the text has the nearest one */
export function requireReset(reset: (typeof resets)[number]): (typeof resets)[number] {
  return requireWord('offsetReset', reset, resets, " or { duration: '1h' }")
}

/** @throws {MR_CONFIG_INVALID} (ConfigError) none of the words; the text has the nearest one */
export function requireWord<W extends string>(option: string, given: W, words: readonly W[], more: string = ''): W {
  if (words.includes(given)) return given
  const nearest = nearestName(String(given), words)
  const all = words.map((word) => `'${word}'`).join(', ') + more
  const accepted = nearest === null ? `one of ${all}` : `'${nearest}' (of ${all})`
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(given) ?? String(given), accepted })
}

/**
 * Zero and less pass, as in Kafka: a topology may say so, and the application refuses when it plans its topics.
 *
 * @throws {MR_CONFIG_INVALID} (ConfigError) no whole number
 */
export function requirePartitions(partitions: number): number {
  if (Number.isInteger(partitions)) return partitions
  const value = JSON.stringify(partitions) ?? String(partitions)
  throw new ConfigError('MR_CONFIG_INVALID', { option: 'partitions', value, accepted: 'a whole number from 1 on' })
}

/**
 * A limit of a buffer. Zero passes, as in Kafka, and so does Infinity.
 *
 * @throws {MR_CONFIG_INVALID} (ConfigError) no whole number from 0 on
 */
export function requireLimit(option: string, limit: number): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit >= 0)) return limit
  const value = JSON.stringify(limit) ?? String(limit)
  throw new ConfigError('MR_CONFIG_INVALID', { option, value, accepted: 'a whole number from 0 on' })
}
