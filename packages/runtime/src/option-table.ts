/**
 * Every option that is a plain value, declared once: Kafka's name, unit, default, range, text. `options.ts` gives them
 * their types and checks values against this table; a test compares the texts with the comments users see there.
 *
 * Only what Millrace acts on is here. What Kafka has and Millrace has not is in `from-properties.ts`, with the reason.
 */
import type { PlainOptions } from './options.ts'

interface Described {
  /** Kafka's name of the property; null for an option of Millrace's own. */
  readonly kafka: string | null
  readonly text: string
}
/** Milliseconds or a text with a unit. */
export interface DurationSpec extends Described {
  readonly kind: 'duration'
  readonly default: number
  readonly min: number
  readonly max?: number
}
/** A whole number; bytes are counted without a unit. */
export interface CountSpec extends Described {
  readonly kind: 'count'
  readonly default: number
  readonly min: number
  readonly max?: number
}
export interface BooleanSpec extends Described {
  readonly kind: 'boolean'
  readonly default: boolean
}
/** One of some words; `words` maps Kafka's spelling to ours. */
export interface WordSpec extends Described {
  readonly kind: 'word'
  readonly default: string
  readonly words: Readonly<Record<string, string>>
}
/** Any text, or none. */
export interface TextSpec extends Described {
  readonly kind: 'text'
  readonly default: string | null
  readonly accepted: string
  readonly pattern: RegExp
}
export type OptionSpec = DurationSpec | CountSpec | BooleanSpec | WordSpec | TextSpec

const int32Max = 2_147_483_647

const duration = (kafka: string, initial: number, min: number, text: string, max?: number): DurationSpec => ({
  kind: 'duration',
  kafka,
  default: initial,
  min,
  text,
  ...(max === undefined ? {} : { max }),
})
const count = (kafka: string | null, initial: number, min: number, text: string, max?: number): CountSpec => ({
  kind: 'count',
  kafka,
  default: initial,
  min,
  text,
  ...(max === undefined ? {} : { max }),
})
const word = (kafka: string, initial: string, words: Readonly<Record<string, string>>, text: string): WordSpec => ({
  kind: 'word',
  kafka,
  default: initial,
  words,
  text,
})
const name = (kafka: string, accepted: string, pattern: RegExp, text: string): TextSpec => ({
  kind: 'text',
  kafka,
  default: null,
  accepted,
  pattern,
  text,
})

/** Kafka's rule for names of topics, with room for what is added to them. It leads to no other folder of a path. */
const topicLegal = /^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,200}$/
const compressions = { none: 'none', gzip: 'gzip', snappy: 'snappy', lz4: 'lz4', zstd: 'zstd' }
const guarantees = { at_least_once: 'at-least-once', exactly_once_v2: 'exactly-once' }
const resets = { earliest: 'earliest', latest: 'latest', none: 'none' }
const builtIn = 'org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$'
const suppliers = {
  [`${builtIn}RocksDBDslStoreSuppliers`]: 'rocksdb',
  [`${builtIn}InMemoryDslStoreSuppliers`]: 'in-memory',
}
const isFalse = false

/** The table, in the order of the documentation. */
export const optionTable: { readonly [K in keyof PlainOptions]-?: OptionSpec } = {
  applicationId: name(
    'application.id',
    'letters, digits, ".", "_" and "-", at most 200, not "." or ".."',
    topicLegal,
    'Name of the application: the group id, and the beginning of the names of its internal topics. Required.',
  ),
  clientId: name(
    'client.id',
    'a text without control characters',
    /^[^\p{Cc}]{1,200}$/u,
    'Beginning of the client ids that brokers log and count; default: the application id.',
  ),
  applicationServer: name(
    'application.server',
    'host:port',
    /^[^\s:]+:\d{1,5}$/,
    'Address under which other instances can query this one, told to all of them; default: none.',
  ),
  stateDirectory: name(
    'state.dir',
    'a path',
    /^[^\0]+$/,
    'Directory of the state, in a folder named after the application id, so that applications may share it; two processes of one application may not. Default: <tmp>/millrace.',
  ),
  groupInstanceId: name(
    'group.instance.id',
    'a text without spaces',
    /^\S{1,200}$/,
    'Static membership: name of this instance, kept over restarts, so that a quick restart causes no rebalance; each worker adds its number. Default: none.',
  ),

  processingGuarantee: word(
    'processing.guarantee',
    'at-least-once',
    guarantees,
    'What a crash may do to results: repeat the last commit interval, or nothing.',
  ),
  commitInterval: duration(
    'commit.interval.ms',
    30_000,
    0,
    'Time between commits; default 30 s, 100 ms under exactly-once.',
  ),
  transactionTimeout: duration(
    'transaction.timeout.ms',
    10_000,
    1,
    'Exactly-once: longest time of one transaction; not below the commit interval.',
    int32Max,
  ),
  taskTimeout: duration(
    'task.timeout.ms',
    300_000,
    0,
    'How long retriable errors of one task are tried again before it fails.',
  ),
  repartitionPurgeInterval: duration(
    'repartition.purge.interval.ms',
    30_000,
    0,
    'Time between deletions of processed records from repartition topics.',
  ),

  workers: count(
    'num.stream.threads',
    1,
    1,
    'Stream loops in this process; each is a member of the group with connections of its own.',
    1_000,
  ),
  bufferedRecordsPerPartition: count(
    'buffered.records.per.partition',
    1_000,
    1,
    'Records held per input partition before its fetching pauses.',
    int32Max,
  ),
  maxTaskIdle: duration(
    'max.task.idle.ms',
    0,
    -1,
    'How long a task waits for an empty input partition after the broker has nothing more for it: −1 never waits, 0 waits for what the broker has.',
  ),
  poll: duration('poll.ms', 100, 0, 'Longest wait for new records in one round of the loop.'),

  maxPollInterval: duration(
    'max.poll.interval.ms',
    300_000,
    1,
    'Longest time between two rounds before the group takes the partitions away. A call that blocks the thread meets the session timeout first.',
    int32Max,
  ),

  autoOffsetReset: word(
    'auto.offset.reset',
    'earliest',
    resets,
    'Where an input partition without a committed offset begins.',
  ),
  sessionTimeout: duration(
    'session.timeout.ms',
    45_000,
    1,
    'Silence after which the group takes the partitions of a worker away. Heartbeats share the thread with your code: it must be longer than the longest synchronous call.',
    int32Max,
  ),
  heartbeatInterval: duration(
    'heartbeat.interval.ms',
    3_000,
    1,
    'Time between heartbeats; below the session timeout.',
    int32Max,
  ),
  metadataMaxAge: duration(
    'metadata.max.age.ms',
    300_000,
    0,
    'Time between looks for new source topics (those that a pattern matches) and new partitions of them.',
  ),
  fetchMinBytes: count('fetch.min.bytes', 1, 0, 'Bytes a broker collects before it answers a fetch.', int32Max),
  fetchMaxWait: duration('fetch.max.wait.ms', 500, 0, 'Longest wait of a broker for the bytes of a fetch.', int32Max),
  fetchMaxBytes: count('fetch.max.bytes', 52_428_800, 1, 'Bytes in one fetch.', int32Max),
  maxPartitionFetchBytes: count(
    'max.partition.fetch.bytes',
    1_048_576,
    1,
    'Bytes of one partition in one fetch.',
    int32Max,
  ),

  linger: duration('linger.ms', 100, 0, 'How long a batch waits for more records before it is sent.', int32Max),
  batchSize: count('batch.size', 16_384, 0, 'Bytes at which a batch is sent without waiting.', int32Max),
  compressionType: word('compression.type', 'none', compressions, 'Compression of produced batches.'),
  maxRequestSize: count('max.request.size', 1_048_576, 1, 'Largest record and produce request, bytes.', int32Max),
  bufferMemory: count(
    'buffer.memory',
    33_554_432,
    1,
    'Bytes waiting to be sent at which a worker stops processing until some are acknowledged.',
  ),
  deliveryTimeout: duration(
    'delivery.timeout.ms',
    120_000,
    1,
    'How long a record may take from send to acknowledgement, with all retries.',
    int32Max,
  ),
  requestTimeout: duration('request.timeout.ms', 30_000, 1, 'How long an answer of a broker is waited for.', int32Max),

  statestoreCacheMaxBytes: count(
    'statestore.cache.max.bytes',
    10_485_760,
    0,
    'Bytes of table updates held back so that only the last one of a key goes on; 0 sends each one on at once.',
  ),
  statestoreReadCacheMaxBytes: count(
    'statestore.read.cache.max.bytes',
    134_217_728,
    0,
    'Bytes of rows that stores on disk keep in memory so as not to read them again; all stores of the process share them.',
  ),
  statestoreUncommittedMaxBytes: count(
    'statestore.uncommitted.max.bytes',
    67_108_864,
    1,
    'Bytes of uncommitted state at which a commit comes early.',
  ),
  stateCleanupDelay: duration(
    'state.cleanup.delay.ms',
    600_000,
    0,
    'How long the state of a task that moved away stays on disk.',
  ),
  windowstoreChangelogAdditionalRetention: duration(
    'windowstore.changelog.additional.retention.ms',
    86_400_000,
    0,
    'Added to the retention of windowed changelog topics, against clocks that differ.',
  ),
  replicationFactor: count(
    'replication.factor',
    -1,
    -1,
    'Replicas of internal topics; −1 = what the brokers are set to.',
    32_767,
  ),

  dslStoreSuppliers: word(
    'dsl.store.suppliers.class',
    'rocksdb',
    suppliers,
    'Where stores of tables and aggregations are kept that do not say it: `rocksdb` stands for the engine on disk.',
  ),
  dslStoreFormat: word(
    'dsl.store.format',
    'default',
    { DEFAULT: 'default', HEADERS: 'headers' },
    'Whether stores of tables and aggregations on disk keep the headers of records (KIP-1285).',
  ),
  upgradeFrom: name(
    'upgrade.from',
    'a release such as "3.3"',
    /^\d{1,2}\.\d{1,2}$/,
    'Release of Kafka Streams whose formats are still written, while its instances share the group; default: none.',
  ),

  numStandbyReplicas: count(
    'num.standby.replicas',
    0,
    0,
    'Copies of each state kept up to date on other instances.',
    1_000,
  ),
  acceptableRecoveryLag: count(
    'acceptable.recovery.lag',
    10_000,
    0,
    'Records by which a copy of the state may be behind and still take over at once.',
  ),
  maxWarmupReplicas: count(
    'max.warmup.replicas',
    2,
    1,
    'Copies that may be built at one time so that a task can move to another instance.',
    1_000,
  ),
  probingRebalanceInterval: duration(
    'probing.rebalance.interval.ms',
    600_000,
    60_000,
    'Time between looks whether a copy that is being built has caught up.',
  ),

  errorsDeadLetterQueueTopicName: name(
    'errors.dead.letter.queue.topic.name',
    'the name of an existing topic',
    topicLegal,
    'Topic that takes the raw records which a handler answered with dead-letter.',
  ),
  processingExceptionHandlerGlobalEnabled: {
    kind: 'boolean',
    kafka: 'processing.exception.handler.global.enabled',
    default: isFalse,
    text: 'Whether onProcessingError also decides for processors of global stores.',
  },
  logSummaryInterval: duration(
    'log.summary.interval.ms',
    120_000,
    -1,
    'Time between log lines that sum up what a worker did; −1 = none.',
  ),
}
