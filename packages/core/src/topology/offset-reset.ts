/** Where a source begins, when it is given as a word: checked while the topology is drawn. */
import { nearestName } from '../error/nearest-name.ts'
import { ConfigError } from '../errors.ts'

const words = ['earliest', 'latest', 'none'] as const

/** @throws {MR_CONFIG_INVALID} (ConfigError) another word; the text has the nearest one */
export function requireReset(reset: (typeof words)[number]): (typeof words)[number] {
  if (words.includes(reset)) return reset
  const nearest = nearestName(String(reset), words)
  const all = "'earliest', 'latest', 'none' or { duration: '1h' }"
  const accepted = nearest === null ? all : `'${nearest}' (of ${all})`
  throw new ConfigError('MR_CONFIG_INVALID', {
    option: 'offsetReset',
    value: JSON.stringify(reset) ?? String(reset),
    accepted,
  })
}
