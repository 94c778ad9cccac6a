/**
 * Checks of the options that are objects: that they have the methods that will be called, and the names that are read. A
 * logger without methods would otherwise end the process with the first line it should write.
 */
import { ConfigError } from '@millrace/core'
import { nearestName } from '@millrace/core/internal'

/** What is called of each. */
export const serdeMethods: readonly string[] = ['serialize', 'deserialize']
export const loggerMethods: readonly string[] = ['debug', 'info', 'warn', 'error']
export const storesMethods: readonly string[] = ['open', 'destroy', 'list', 'close']

/** Settings that operators read. */
const internalNames: readonly string[] = [
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__',
  '__emit.interval.ms.kstreams.windowed.aggregation__',
  'upgrade.from',
]

/** Topic settings of Apache Kafka. Others may exist where the brokers are not Kafka's own, so only near misses are refused. */
const topicNames: readonly string[] = (
  'cleanup.policy compression.gzip.level compression.lz4.level compression.type compression.zstd.level ' +
  'delete.retention.ms file.delete.delay.ms flush.messages flush.ms follower.replication.throttled.replicas ' +
  'index.interval.bytes leader.replication.throttled.replicas local.retention.bytes local.retention.ms ' +
  'max.compaction.lag.ms max.message.bytes message.timestamp.after.max.ms message.timestamp.before.max.ms ' +
  'message.timestamp.type message.format.version message.timestamp.difference.max.ms min.cleanable.dirty.ratio ' +
  'min.compaction.lag.ms min.insync.replicas preallocate remote.storage.enable remote.log.copy.disable ' +
  'remote.log.delete.on.disable retention.bytes retention.ms segment.bytes segment.index.bytes segment.jitter.ms ' +
  'segment.ms unclean.leader.election.enable message.downconversion.enable internal.segment.bytes'
).split(' ')

/**
 * @returns the value
 * @throws {MR_CONFIG_INVALID} (ConfigError) it lacks one of the methods
 */
export function requireMethods<T>(option: string, value: T, methods: readonly string[]): T {
  if (value === undefined) return value
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  const missing = methods.filter((method) => typeof found[method] !== 'function')
  if (missing.length === 0) return value
  throw new ConfigError('MR_CONFIG_INVALID', {
    option,
    value: shown(value),
    accepted: `an object with the methods ${methods.join(', ')}; ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing`,
  })
}

/** @throws {MR_CONFIG_INVALID} {MR_CONFIG_UNKNOWN} (ConfigError) no object of texts, or a misspelt name */
export function checkedTopicConfig(given: unknown): Readonly<Record<string, string>> {
  for (const [name, value] of entriesOf('topicConfig', given, "an object such as { 'min.insync.replicas': '2' }")) {
    const nearest = topicNames.includes(name) ? null : nearestName(name, topicNames)
    if (nearest !== null) {
      throw new ConfigError('MR_CONFIG_UNKNOWN', { option: `topicConfig.${name}`, nearest: `topicConfig.${nearest}` })
    }
    if (typeof value === 'string') continue
    const accepted = `a text such as '${typeof value === 'number' ? value : 1}'`
    throw new ConfigError('MR_CONFIG_INVALID', { option: `topicConfig.${name}`, value: shown(value), accepted })
  }
  return (given ?? {}) as Readonly<Record<string, string>>
}

/** @throws {MR_CONFIG_INVALID} {MR_CONFIG_UNKNOWN} (ConfigError) no object, or a misspelt name */
export function checkedInternalConfig(given: unknown): Readonly<Record<string, string | number | boolean>> {
  for (const [name, value] of entriesOf('internalConfig', given, 'an object of settings by their names')) {
    const option = `internalConfig.${name}`
    const nearest = internalNames.includes(name) ? null : nearestName(name, internalNames)
    // Kafka has more of them, without effect here; none has another form.
    if (nearest !== null || !(internalNames.includes(name) || /^__.+__$/.test(name))) {
      throw new ConfigError('MR_CONFIG_UNKNOWN', {
        option,
        nearest: nearest === null ? null : `internalConfig.${nearest}`,
      })
    }
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') continue
    throw new ConfigError('MR_CONFIG_INVALID', {
      option,
      value: shown(value),
      accepted: 'a text, a number, true or false',
    })
  }
  return (given ?? {}) as Readonly<Record<string, string | number | boolean>>
}

function entriesOf(option: string, given: unknown, accepted: string): [string, unknown][] {
  if (given === undefined) return []
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return Object.entries(given)
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: shown(given), accepted })
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return 'an object'
  }
}
