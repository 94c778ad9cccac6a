/**
 * Settings of topics and of the broker: name, type, default, and what a value must be. Values are texts, as in Kafka.
 *
 * Only settings that the broker obeys, or that clients are known to set, are here; the others are unknown (40).
 */

/** Kafka's numbers for types of settings (DescribeConfigs v3). */
export const configType = { BOOLEAN: 1, STRING: 2, INT: 3, SHORT: 4, LONG: 5, DOUBLE: 6, LIST: 7 } as const

/** One setting. */
export interface ConfigDefinition {
  readonly name: string
  readonly type: (typeof configType)[keyof typeof configType]
  readonly default: string
  readonly min?: number
  readonly max?: number
  readonly oneOf?: readonly string[]
  /** The broker's setting that gives a topic its default. */
  readonly brokerName?: string
}

const { BOOLEAN, STRING, INT, LONG, DOUBLE, LIST } = configType
const intMax = 2147483647
const longMax = '9223372036854775807'
const day = 24 * 60 * 60 * 1000

/** Settings of a topic. */
export const topicDefinitions: readonly ConfigDefinition[] = [
  {
    name: 'cleanup.policy',
    type: LIST,
    default: 'delete',
    oneOf: ['compact', 'delete'],
    brokerName: 'log.cleanup.policy',
  },
  {
    name: 'compression.type',
    type: STRING,
    default: 'producer',
    oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    brokerName: 'compression.type',
  },
  {
    name: 'delete.retention.ms',
    type: LONG,
    default: String(day),
    min: 0,
    brokerName: 'log.cleaner.delete.retention.ms',
  },
  { name: 'file.delete.delay.ms', type: LONG, default: '60000', min: 0 },
  { name: 'flush.messages', type: LONG, default: longMax, min: 1 },
  { name: 'flush.ms', type: LONG, default: longMax, min: 0 },
  { name: 'follower.replication.throttled.replicas', type: LIST, default: '' },
  { name: 'index.interval.bytes', type: INT, default: '4096', min: 0 },
  { name: 'leader.replication.throttled.replicas', type: LIST, default: '' },
  { name: 'local.retention.bytes', type: LONG, default: '-2', min: -2 },
  { name: 'local.retention.ms', type: LONG, default: '-2', min: -2 },
  {
    name: 'max.compaction.lag.ms',
    type: LONG,
    default: longMax,
    min: 1,
    brokerName: 'log.cleaner.max.compaction.lag.ms',
  },
  { name: 'max.message.bytes', type: INT, default: '1048588', min: 0, max: intMax, brokerName: 'message.max.bytes' },
  {
    name: 'message.timestamp.after.max.ms',
    type: LONG,
    default: '3600000',
    min: 0,
    brokerName: 'log.message.timestamp.after.max.ms',
  },
  { name: 'message.timestamp.before.max.ms', type: LONG, default: longMax, min: 0 },
  { name: 'message.timestamp.type', type: STRING, default: 'CreateTime', oneOf: ['CreateTime', 'LogAppendTime'] },
  {
    name: 'min.cleanable.dirty.ratio',
    type: DOUBLE,
    default: '0.5',
    min: 0,
    max: 1,
    brokerName: 'log.cleaner.min.cleanable.ratio',
  },
  { name: 'min.compaction.lag.ms', type: LONG, default: '0', min: 0, brokerName: 'log.cleaner.min.compaction.lag.ms' },
  { name: 'min.insync.replicas', type: INT, default: '1', min: 1, brokerName: 'min.insync.replicas' },
  { name: 'preallocate', type: BOOLEAN, default: 'false' },
  { name: 'remote.storage.enable', type: BOOLEAN, default: 'false' },
  { name: 'retention.bytes', type: LONG, default: '-1', min: -1, brokerName: 'log.retention.bytes' },
  { name: 'retention.ms', type: LONG, default: String(7 * day), min: -1, brokerName: 'log.retention.ms' },
  { name: 'segment.bytes', type: INT, default: '1073741824', min: 14, max: intMax, brokerName: 'log.segment.bytes' },
  { name: 'segment.index.bytes', type: INT, default: '10485760', min: 4 },
  { name: 'segment.jitter.ms', type: LONG, default: '0', min: 0 },
  { name: 'segment.ms', type: LONG, default: String(7 * day), min: 1, brokerName: 'log.roll.ms' },
  { name: 'unclean.leader.election.enable', type: BOOLEAN, default: 'false' },
]

/** Settings of the broker. */
export const brokerDefinitions: readonly ConfigDefinition[] = [
  { name: 'auto.create.topics.enable', type: BOOLEAN, default: 'false' },
  { name: 'compression.type', type: STRING, default: 'producer' },
  { name: 'default.replication.factor', type: INT, default: '1', min: 1 },
  { name: 'delete.topic.enable', type: BOOLEAN, default: 'true' },
  { name: 'group.initial.rebalance.delay.ms', type: INT, default: '0', min: 0 },
  { name: 'group.max.session.timeout.ms', type: INT, default: '1800000', min: 0 },
  { name: 'group.max.size', type: INT, default: String(intMax), min: 1 },
  { name: 'group.min.session.timeout.ms', type: INT, default: '6000', min: 0 },
  { name: 'log.cleaner.backoff.ms', type: LONG, default: '15000', min: 0 },
  { name: 'log.cleaner.delete.retention.ms', type: LONG, default: String(day), min: 0 },
  { name: 'log.cleaner.enable', type: BOOLEAN, default: 'true' },
  { name: 'log.cleaner.max.compaction.lag.ms', type: LONG, default: longMax, min: 1 },
  { name: 'log.cleaner.min.cleanable.ratio', type: DOUBLE, default: '0.5', min: 0, max: 1 },
  { name: 'log.cleaner.min.compaction.lag.ms', type: LONG, default: '0', min: 0 },
  { name: 'log.cleanup.policy', type: LIST, default: 'delete', oneOf: ['compact', 'delete'] },
  { name: 'log.message.timestamp.after.max.ms', type: LONG, default: '3600000', min: 0 },
  { name: 'log.retention.bytes', type: LONG, default: '-1', min: -1 },
  { name: 'log.retention.check.interval.ms', type: LONG, default: '300000', min: 1 },
  { name: 'log.retention.ms', type: LONG, default: String(7 * day), min: -1 },
  { name: 'log.roll.ms', type: LONG, default: String(7 * day), min: 1 },
  { name: 'log.segment.bytes', type: INT, default: '1073741824', min: 14 },
  { name: 'message.max.bytes', type: INT, default: '1048588', min: 0 },
  { name: 'min.insync.replicas', type: INT, default: '1', min: 1 },
  { name: 'num.partitions', type: INT, default: '1', min: 1 },
  { name: 'offset.metadata.max.bytes', type: INT, default: '4096', min: 0 },
  { name: 'offsets.retention.minutes', type: INT, default: '10080', min: 1 },
  { name: 'offsets.topic.num.partitions', type: INT, default: '50', min: 1 },
  { name: 'producer.id.expiration.ms', type: INT, default: String(day), min: 1 },
  { name: 'socket.request.max.bytes', type: INT, default: '104857600', min: 1 },
  { name: 'transaction.abort.timed.out.transaction.cleanup.interval.ms', type: INT, default: '10000', min: 1 },
  { name: 'transaction.max.timeout.ms', type: INT, default: '900000', min: 1 },
  { name: 'transaction.state.log.num.partitions', type: INT, default: '50', min: 1 },
  { name: 'transactional.id.expiration.ms', type: INT, default: String(7 * day), min: 1 },
]

/** What is wrong with a value, or undefined when nothing is. */
export function checkConfigValue(definition: ConfigDefinition, value: string): string | undefined {
  const { type, name } = definition
  if (type === BOOLEAN) {
    if (/^(true|false)$/i.test(value.trim())) return undefined
    return `Invalid value ${value} for configuration ${name}: Expected value to be either true or false`
  }
  if (type === INT || type === LONG || type === DOUBLE) return checkNumber(definition, value)
  const parts = type === LIST ? listOf(value) : [value]
  const wrong = definition.oneOf === undefined ? undefined : parts.find((part) => !definition.oneOf?.includes(part))
  if (wrong === undefined) return undefined
  return `Invalid value ${wrong} for configuration ${name}: String must be one of: ${definition.oneOf?.join(', ')}`
}

/** The parts of a list setting. */
export function listOf(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function checkNumber(definition: ConfigDefinition, value: string): string | undefined {
  const { type, name, min = -Infinity, max = Infinity } = definition
  const pattern = type === DOUBLE ? /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/ : /^[+-]?\d+$/
  const wrong = `Invalid value ${value} for configuration ${name}:`
  const text = value.trim()
  if (!pattern.test(text)) return `${wrong} Not a number of the right type`
  const number = Number(text)
  if (number < min) return `${wrong} Value must be at least ${min}`
  const top = type === INT ? Math.min(max, intMax) : max
  return number > top ? `${wrong} Value must be no more than ${top}` : undefined
}
