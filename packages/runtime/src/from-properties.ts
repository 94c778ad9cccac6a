/**
 * Kafka's own property names into options: `fromProperties({ 'commit.interval.ms': 100 })`.
 *
 * Values may be texts, as in a properties file. A property that Millrace would ignore is refused with the reason: a
 * setting that silently does nothing is worse than none.
 */
import { ConfigError } from '@millrace/core'
import { nearestName } from '@millrace/core/internal'
import type { Logger } from '@millrace/core/port'
import { optionTable, type OptionSpec } from './option-table.ts'
import type { RuntimeOptions } from './options.ts'
import { stderrLogger } from './platform.ts'

/** A value of a property. */
export type PropertyValue = string | number | boolean

const bootstrapServers = 'bootstrap.servers'
/**
 * Prefixes of clients, the stronger one later: as in Kafka a prefixed name wins over the plain one, in whatever order they
 * come. Where Millrace has one setting for both clients, that of the consumer wins.
 */
const clientPrefixes = ['producer.', 'consumer.', 'main.consumer.']
/** Options of one client: another client's prefix before their names means nothing, to Kafka neither. */
const ofConsumer: readonly string[] = [
  'maxPollInterval',
  'autoOffsetReset',
  'sessionTimeout',
  'heartbeatInterval',
  'fetchMinBytes',
  'fetchMaxWait',
  'fetchMaxBytes',
  'maxPartitionFetchBytes',
  'groupInstanceId',
]
const ofProducer: readonly string[] = [
  'linger',
  'batchSize',
  'compressionType',
  'maxRequestSize',
  'bufferMemory',
  'deliveryTimeout',
  'transactionTimeout',
]
const ofBoth: readonly string[] = ['requestTimeout', 'metadataMaxAge', 'clientId']

const cluster = 'give kafka.ssl and kafka.sasl as kafkajs takes them'
const atBuild = 'give it to new StreamsBuilder(…) or build(…): it is decided while the topology is drawn'
const inCode = 'give the option of the same meaning in code'
const fixed = 'Kafka Streams fixes it too'
const otherWay = 'read app.metrics() instead'
const notYet = 'Millrace has nothing of the kind'
const ofKafkajs = 'give kafkajs what it has for it (kafka.connectionTimeout, kafka.retry, kafka.socketFactory)'

/** Properties of Kafka Streams and its clients that are refused, by name or beginning (with `*`), with the reason. */
export const refusedProperties: Readonly<Record<string, string>> = {
  'security.protocol': cluster,
  'sasl.*': cluster,
  'ssl.*': cluster,
  'default.key.serde': 'give defaultKeySerde in code',
  'default.value.serde': 'give defaultValueSerde in code',
  'default.timestamp.extractor': 'give defaultTimestampExtractor in code',
  'default.deserialization.exception.handler': 'give onDeserializationError in code',
  'deserialization.exception.handler': 'give onDeserializationError in code',
  'default.production.exception.handler': 'give onProductionError in code',
  'production.exception.handler': 'give onProductionError in code',
  'processing.exception.handler': 'give onProcessingError in code',
  'topology.optimization': atBuild,
  'ensure.explicit.internal.resource.naming': atBuild,
  'default.list.*': inCode,
  'windowed.inner.class.serde': inCode,
  'window.size.ms': inCode,
  'enable.auto.commit': fixed,
  'allow.auto.create.topics': fixed,
  'enable.idempotence': fixed,
  'isolation.level': fixed,
  'transactional.id': fixed,
  'max.poll.records': 'records are taken over as they were fetched; buffered.records.per.partition limits them',
  'group.id': 'it is the application id',
  acks: 'every write waits for all in-sync replicas',
  'max.in.flight.requests.per.connection': fixed,
  'metric.reporters': otherWay,
  'metrics.*': otherWay,
  'enable.metrics.push': otherWay,
  'rocksdb.config.setter': 'state is kept in LevelDB; its settings are those of levelStores',
  'enable.transactional.statestores': 'state is always transactional',
  'cache.max.bytes.buffering': 'its name is statestore.cache.max.bytes',
  'default.client.supplier': 'give a kafkajs client as `kafka`',
  'group.protocol': notYet,
  'task.assignor.class': notYet,
  'processor.wrapper.class':
    'give processorWrapper to new StreamsBuilder(…) or new Topology(…): processors are wrapped while the topology is written',
  'rack.aware.*': notYet,
  'client.tag.*': notYet,
  'client.rack': notYet,
  'state.cleanup.dir.max.age.ms': notYet,
  'topology.description.push.enabled': notYet,
  'default.interactive.query.isolation.level': notYet,
  'allow.os.group.write.access': "the process's umask decides",
  'built.in.metrics.version': otherWay,
  'auto.include.jmx.reporter': otherWay,
  'connections.max.idle.ms': ofKafkajs,
  'reconnect.*': ofKafkajs,
  'retry.*': ofKafkajs,
  'socket.*': ofKafkajs,
  'send.buffer.bytes': ofKafkajs,
  'receive.buffer.bytes': ofKafkajs,
  'client.dns.lookup': ofKafkajs,
  'default.api.timeout.ms': 'task.timeout.ms limits what is tried again',
  'max.block.ms': 'buffer.memory bounds what waits; the loop pauses, it does not block',
  'check.crcs': 'checksums are always checked',
  'partition.assignment.strategy': fixed,
  'key.*': 'serdes belong to topics',
  'value.*': 'serdes belong to topics',
  'interceptor.classes': notYet,
  'partitioner.*': "give a sink its partitioner; the default one is Java's",
  retries: 'delivery.timeout.ms limits them',
  'restore.consumer.*': 'restore uses the settings of the consumer',
  'global.consumer.*': 'global stores use the settings of the consumer',
  'admin.*': 'admin requests use the settings of the consumer',
}

const optionOfProperty: ReadonlyMap<string, string> = new Map(
  Object.entries(optionTable).flatMap(([option, spec]) => (spec.kafka === null ? [] : [[spec.kafka, option]])),
)

/**
 * Options from Kafka's property names, to be spread into the options object: `{ ...fromProperties(p), kafka }`.
 * `bootstrap.servers` becomes `kafka: { brokers }`; `topic.…` becomes `topicConfig`; internal names (`__…`) become
 * `internalConfig`.
 *
 * A name with the prefix of a client (`producer.`, `consumer.`, `main.consumer.`) wins over the plain one, for the settings
 * of that client; before those of another one the prefix makes it meaningless, and `logger` is warned.
 *
 * @param logger default: warnings to standard error
 * @throws {MR_CONFIG_UNKNOWN} no such property; the text names the nearest
 * @throws {MR_CONFIG_PROPERTY} a property of Kafka Streams that has no effect here, with the reason
 * @throws {MR_CONFIG_INVALID} a text that is not of the property's type
 */
export function fromProperties(
  properties: Readonly<Record<string, PropertyValue>>,
  logger: Pick<Logger, 'warn'> = stderrLogger,
): Partial<RuntimeOptions> & { kafka?: { brokers: string[] } } {
  const options: Record<string, unknown> = {}
  const topicConfig: Record<string, string> = {}
  const internalConfig: Record<string, PropertyValue> = {}
  const ranks = new Map<string, number>()
  for (const [property, value] of Object.entries(properties)) {
    if (property === bootstrapServers) {
      options['kafka'] = {
        brokers: String(value)
          .split(',')
          .map((broker) => broker.trim()),
      }
    } else if (property === 'default.dsl.store') {
      const stores: Readonly<Record<string, string>> = { rocksDB: 'rocksdb', in_memory: 'in-memory' }
      const store = stores[String(value)]
      if (store === undefined) throw notAccepted(property, value, Object.keys(stores).join(' or '))
      options['dslStoreSuppliers'] = store
    } else if (property.startsWith('__')) {
      internalConfig[property] = value
    } else if (property.startsWith('topic.')) {
      topicConfig[property.slice('topic.'.length)] = String(value)
    } else {
      const option = optionOf(property)
      const checked = valueOf(property, optionTable[option as keyof typeof optionTable], value)
      const rank = rankOf(property, option)
      if (rank < 0) logger.warn('a property of another client has no effect', { property })
      else if (rank >= (ranks.get(option) ?? 0)) {
        ranks.set(option, rank)
        options[option] = checked
      }
    }
  }
  if (Object.keys(internalConfig).length > 0) options['internalConfig'] = internalConfig
  if (Object.keys(topicConfig).length > 0) options['topicConfig'] = topicConfig
  return options
}

/** The place of the property's prefix in the order of strength, 0 without one; −1: it is not a setting of that client. */
function rankOf(property: string, option: string): number {
  const index = clientPrefixes.findIndex((prefix) => property.startsWith(prefix))
  if (index < 0) return 0
  const own = index === 0 ? ofProducer : ofConsumer
  return own.includes(option) || ofBoth.includes(option) ? index + 1 : -1
}

function optionOf(property: string): string {
  const reason = Object.entries(refusedProperties).find(([name]) =>
    name.endsWith('*') ? property.startsWith(name.slice(0, -1)) : property === name,
  )?.[1]
  if (reason !== undefined) throw new ConfigError('MR_CONFIG_PROPERTY', { property, reason })
  const prefix = clientPrefixes.find((p) => property.startsWith(p)) ?? ''
  const plain = property.slice(prefix.length)
  if (prefix !== '' && plain in refusedProperties) return optionOf(plain)
  const option = optionOfProperty.get(plain)
  if (option !== undefined) return option
  const known = [...optionOfProperty.keys(), bootstrapServers]
  throw new ConfigError('MR_CONFIG_UNKNOWN', { option: property, nearest: nearestName(plain, known) })
}

function valueOf(property: string, spec: OptionSpec, value: PropertyValue): unknown {
  const refuse = (accepted: string): never => {
    throw notAccepted(property, value, accepted)
  }
  switch (spec.kind) {
    case 'duration':
    case 'count': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      return typeof number === 'number' && Number.isInteger(number) ? number : refuse('a whole number')
    }
    case 'boolean':
      if (typeof value === 'boolean') return value
      return value === 'true' || value === 'false' ? value === 'true' : refuse('true or false')
    case 'word':
      return spec.words[String(value)] ?? refuse(Object.keys(spec.words).join(' or '))
    case 'text':
      return typeof value === 'string' ? value : refuse(spec.accepted)
  }
}

function notAccepted(option: string, value: PropertyValue, accepted: string): ConfigError {
  return new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(value), accepted })
}
