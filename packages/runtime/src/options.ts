/**
 * The options of an application: their types, and the check at construction, before any connection.
 *
 * Defaults, ranges and Kafka's names are in `option-table.ts`. Durations are given as milliseconds or texts with a unit
 * and come out as `…Ms` numbers.
 */
import {
  ConfigError,
  type Duration,
  durationMs,
  type Serde,
  type StreamsError,
  type TimestampExtractor,
} from '@millrace/core'
import { nearestName } from '@millrace/core/internal'
import type { Logger } from '@millrace/core/port'
import type {
  DeserializationAnswer,
  DeserializationHandler,
  ProcessingAnswer,
  ProcessingHandler,
  ProductionAnswer,
  ProductionHandler,
} from './handler/handlers.ts'
import {
  checkedInternalConfig,
  checkedTopicConfig,
  loggerMethods,
  requireMethods,
  serdeMethods,
} from './object-options.ts'
import { type OptionSpec, optionTable } from './option-table.ts'

/** What to do after an error that stopped a worker. */
export type UncaughtAnswer = 'replace-worker' | 'shut-down' | 'shut-down-application'
/** Decides after an error that no other handler took; the worker has stopped without committing. */
export type UncaughtHandler = (error: StreamsError) => UncaughtAnswer

/** Durations, by name. */
export interface DurationOptions {
  /** Time between commits; default 30 s, 100 ms under exactly-once. */
  readonly commitInterval?: Duration
  /** Exactly-once: longest time of one transaction; not below the commit interval. */
  readonly transactionTimeout?: Duration
  /** How long retriable errors of one task are tried again before it fails. */
  readonly taskTimeout?: Duration
  /** Time between deletions of processed records from repartition topics. */
  readonly repartitionPurgeInterval?: Duration
  /** How long a task waits for an empty input partition after the broker has nothing more for it: −1 never waits, 0 waits for what the broker has. */
  readonly maxTaskIdle?: Duration
  /** Longest wait for new records in one round of the loop. */
  readonly poll?: Duration
  /** Longest time between two rounds before the group takes the partitions away. A call that blocks the thread meets the session timeout first. */
  readonly maxPollInterval?: Duration
  /** Silence after which the group takes the partitions of a worker away. Heartbeats share the thread with your code: it must be longer than the longest synchronous call. */
  readonly sessionTimeout?: Duration
  /** Time between heartbeats; below the session timeout. */
  readonly heartbeatInterval?: Duration
  /** Time between looks for new source topics (those that a pattern matches) and new partitions of them. */
  readonly metadataMaxAge?: Duration
  /** Longest wait of a broker for the bytes of a fetch. */
  readonly fetchMaxWait?: Duration
  /** How long a batch waits for more records before it is sent. */
  readonly linger?: Duration
  /** How long a record may take from send to acknowledgement, with all retries. */
  readonly deliveryTimeout?: Duration
  /** How long an answer of a broker is waited for. */
  readonly requestTimeout?: Duration
  /** How long the state of a task that moved away stays on disk. */
  readonly stateCleanupDelay?: Duration
  /** Added to the retention of windowed changelog topics, against clocks that differ. */
  readonly windowstoreChangelogAdditionalRetention?: Duration
  /** Time between looks whether a copy that is being built has caught up. */
  readonly probingRebalanceInterval?: Duration
  /** Time between log lines that sum up what a worker did; −1 = none. */
  readonly logSummaryInterval?: Duration
}

/** Whole numbers, by name. */
export interface CountOptions {
  /** Stream loops in this process; each is a member of the group with connections of its own. */
  readonly workers?: number
  /** Records held per input partition before its fetching pauses. */
  readonly bufferedRecordsPerPartition?: number
  /** Bytes a broker collects before it answers a fetch. */
  readonly fetchMinBytes?: number
  /** Bytes in one fetch. */
  readonly fetchMaxBytes?: number
  /** Bytes of one partition in one fetch. */
  readonly maxPartitionFetchBytes?: number
  /** Bytes at which a batch is sent without waiting. */
  readonly batchSize?: number
  /** Largest record and produce request, bytes. */
  readonly maxRequestSize?: number
  /** Bytes waiting to be sent at which a worker stops processing until some are acknowledged. */
  readonly bufferMemory?: number
  /** Bytes of table updates held back so that only the last one of a key goes on; 0 sends each one on at once. */
  readonly statestoreCacheMaxBytes?: number
  /** Bytes of rows that stores on disk keep in memory so as not to read them again; all stores of the process share them. */
  readonly statestoreReadCacheMaxBytes?: number
  /** Bytes of uncommitted state at which a commit comes early. */
  readonly statestoreUncommittedMaxBytes?: number
  /** Replicas of internal topics; −1 = what the brokers are set to. */
  readonly replicationFactor?: number
  /** Copies of each state kept up to date on other instances. */
  readonly numStandbyReplicas?: number
  /** Records by which a copy of the state may be behind and still take over at once. */
  readonly acceptableRecoveryLag?: number
  /** Copies that may be built at one time so that a task can move to another instance. */
  readonly maxWarmupReplicas?: number
}

/** Words, texts and switches, by name. */
export interface WordOptions {
  /** Name of the application: the group id, and the beginning of the names of its internal topics. Required. */
  readonly applicationId: string
  /** Beginning of the client ids that brokers log and count; default: the application id. */
  readonly clientId?: string
  /** Address under which other instances can query this one, told to all of them; default: none. */
  readonly applicationServer?: string
  /** Directory of the state, in a folder named after the application id, so that applications may share it; two processes of one application may not. Default: <tmp>/millrace. */
  readonly stateDirectory?: string
  /** Static membership: name of this instance, kept over restarts, so that a quick restart causes no rebalance; each worker adds its number. Default: none. */
  readonly groupInstanceId?: string
  /** What a crash may do to results: repeat the last commit interval, or nothing. */
  readonly processingGuarantee?: 'at-least-once' | 'exactly-once'
  /** Where an input partition without a committed offset begins. */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none'
  /** Compression of produced batches. */
  readonly compressionType?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Where stores of tables and aggregations are kept that do not say it: `rocksdb` stands for the engine on disk. */
  readonly dslStoreSuppliers?: 'rocksdb' | 'in-memory'
  /** Whether stores of tables and aggregations on disk keep the headers of records (KIP-1285). */
  readonly dslStoreFormat?: 'default' | 'headers'
  /** Release of Kafka Streams whose formats are still written, while its instances share the group; default: none. */
  readonly upgradeFrom?: string
  /** Topic that takes the raw records which a handler answered with dead-letter. */
  readonly errorsDeadLetterQueueTopicName?: string
  /** Whether onProcessingError also decides for processors of global stores. */
  readonly processingExceptionHandlerGlobalEnabled?: boolean
}

/** Everything that has a row in the table. */
export interface PlainOptions extends DurationOptions, CountOptions, WordOptions {}

/** Options that are functions or objects; the default stands at each. */
export interface ObjectOptions {
  /** A record that cannot be decoded; default `fail`. */
  readonly onDeserializationError?: DeserializationAnswer | DeserializationHandler
  /** A node that throws; default `fail`. */
  readonly onProcessingError?: ProcessingAnswer | ProcessingHandler
  /** A record that cannot be encoded or is refused by the cluster; default `fail`. */
  readonly onProductionError?: ProductionAnswer | ProductionHandler
  /** An error that stopped a worker; default `shut-down`. */
  readonly onUncaughtError?: UncaughtAnswer | UncaughtHandler
  /** Serdes of topics and stores that have none; default: the preset's, for internal topics only. */
  readonly defaultKeySerde?: Serde<unknown>
  readonly defaultValueSerde?: Serde<unknown>
  /** Where event time comes from; default `fail`: the record's timestamp, which must not be negative. */
  readonly defaultTimestampExtractor?: TimestampExtractor
  /** Configuration of internal topics by Kafka's names, e.g. `{ 'min.insync.replicas': '2' }`. */
  readonly topicConfig?: Readonly<Record<string, string>>
  /** Settings that operators read, by Kafka's internal names. */
  readonly internalConfig?: Readonly<Record<string, string | number | boolean>>
  /** Where log lines go; default: warnings and errors to standard error. */
  readonly logger?: Logger
}

/** All options but the cluster. */
export interface RuntimeOptions extends PlainOptions, ObjectOptions {}

type Present<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }
type OrNull =
  | 'clientId'
  | 'applicationServer'
  | 'stateDirectory'
  | 'groupInstanceId'
  | 'errorsDeadLetterQueueTopicName'
  | 'upgradeFrom'

/** Checked options with every default filled in; durations in ms under `…Ms`. */
export type ResolvedOptions = { readonly [K in keyof DurationOptions as `${K}Ms`]-?: number } & Present<CountOptions> &
  Present<Omit<WordOptions, OrNull>> & { readonly [K in OrNull]: string | null } & {
    readonly handlers: {
      readonly onDeserializationError: DeserializationAnswer | DeserializationHandler
      readonly onProcessingError: ProcessingAnswer | ProcessingHandler
      readonly onProductionError: ProductionAnswer | ProductionHandler
    }
    readonly onUncaughtError: UncaughtAnswer | UncaughtHandler
    readonly defaultKeySerde: Serde<unknown> | null
    readonly defaultValueSerde: Serde<unknown> | null
    readonly defaultTimestampExtractor: TimestampExtractor
    readonly topicConfig: Readonly<Record<string, string>>
    readonly internalConfig: Readonly<Record<string, string | number | boolean>>
    readonly logger: Logger | null
  }

const objectOptions: readonly (keyof ObjectOptions)[] = [
  'onDeserializationError',
  'onProcessingError',
  'onProductionError',
  'onUncaughtError',
  'defaultKeySerde',
  'defaultValueSerde',
  'defaultTimestampExtractor',
  'topicConfig',
  'internalConfig',
  'logger',
]

/**
 * Checks names, units, ranges and combinations, and fills in the defaults. Called once, at construction.
 *
 * @param others names of options that the caller has dealt with (`kafka`)
 * @throws {MR_CONFIG_UNKNOWN} {MR_CONFIG_MISSING} {MR_CONFIG_INVALID} {MR_CONFIG_DURATION} {MR_CONFIG_CONFLICT}
 */
export function resolveOptions(options: RuntimeOptions, others: readonly string[] = []): ResolvedOptions {
  const given = options as unknown as Readonly<Record<string, unknown>>
  const known = [...Object.keys(optionTable), ...objectOptions, ...others]
  for (const option of Object.keys(given)) {
    if (!known.includes(option)) {
      throw new ConfigError('MR_CONFIG_UNKNOWN', { option, nearest: nearestName(option, known) })
    }
  }
  const resolved: Record<string, unknown> = {}
  for (const [option, spec] of Object.entries(optionTable)) {
    const value = given[option]
    const key = spec.kind === 'duration' ? `${option}Ms` : option
    resolved[key] = value === undefined ? spec.default : checkedValue(option, spec, value)
  }
  if (resolved['applicationId'] === null) {
    throw new ConfigError('MR_CONFIG_MISSING', { option: 'applicationId', accepted: 'the name of the application' })
  }
  if (given['commitInterval'] === undefined && resolved['processingGuarantee'] === 'exactly-once') {
    resolved['commitIntervalMs'] = 100
  }
  const result = { ...resolved, ...resolvedObjects(options) } as unknown as ResolvedOptions
  checkCombinations(result)
  return result
}

function checkedValue(option: string, spec: OptionSpec, value: unknown): unknown {
  const refuse = (accepted: string): never => {
    throw new ConfigError('MR_CONFIG_INVALID', { option, value: textOf(value), accepted })
  }
  switch (spec.kind) {
    case 'duration': {
      const ms = durationMs(value as Duration, option)
      if (!Number.isInteger(ms)) refuse('whole milliseconds')
      return inRange(ms, spec) ? ms : refuse(`a duration ${rangeText(spec)} ms`)
    }
    case 'count':
      return Number.isSafeInteger(value) && inRange(value as number, spec)
        ? value
        : refuse(`a whole number ${rangeText(spec)}`)
    case 'boolean':
      return typeof value === 'boolean' ? value : refuse('true or false')
    case 'word': {
      const words = Object.values(spec.words)
      if (words.includes(value as string)) return value
      const nearest = nearestName(String(value), words)
      const all = words.map((w) => `'${w}'`).join(' or ')
      return refuse(nearest === null ? all : `'${nearest}' (of ${all})`)
    }
    case 'text':
      return typeof value === 'string' && spec.pattern.test(value) ? value : refuse(spec.accepted)
  }
}

function inRange(value: number, spec: { readonly min: number; readonly max?: number }): boolean {
  return value >= spec.min && value <= (spec.max ?? Number.MAX_SAFE_INTEGER)
}

function rangeText(spec: { readonly min: number; readonly max?: number }): string {
  return spec.max === undefined ? `of at least ${spec.min}` : `from ${spec.min} to ${spec.max}`
}

function resolvedObjects(options: RuntimeOptions): object {
  const oneOf = <T>(option: keyof ObjectOptions, words: readonly string[], initial: T): T => {
    const value = options[option]
    if (value === undefined) return initial
    if (typeof value === 'function' || words.includes(value as string)) return value as T
    const accepted = `${words.map((w) => `'${w}'`).join(', ')} or a function`
    throw new ConfigError('MR_CONFIG_INVALID', { option, value: textOf(value), accepted })
  }
  const answers = ['fail', 'continue', 'dead-letter']
  return {
    handlers: {
      onDeserializationError: oneOf('onDeserializationError', answers, 'fail'),
      onProcessingError: oneOf('onProcessingError', answers, 'fail'),
      onProductionError: oneOf('onProductionError', [...answers, 'retry'], 'fail'),
    },
    onUncaughtError: oneOf('onUncaughtError', ['replace-worker', 'shut-down', 'shut-down-application'], 'shut-down'),
    defaultKeySerde: requireMethods('defaultKeySerde', options.defaultKeySerde, serdeMethods) ?? null,
    defaultValueSerde: requireMethods('defaultValueSerde', options.defaultValueSerde, serdeMethods) ?? null,
    defaultTimestampExtractor: oneOf(
      'defaultTimestampExtractor',
      ['fail', 'log-and-skip', 'use-partition-time', 'wall-clock'],
      'fail',
    ),
    topicConfig: checkedTopicConfig(options.topicConfig),
    internalConfig: checkedInternalConfig(options.internalConfig),
    logger: requireMethods('logger', options.logger, loggerMethods) ?? null,
  }
}

function checkCombinations(o: ResolvedOptions): void {
  const conflict = (options: string, reason: string): never => {
    throw new ConfigError('MR_CONFIG_CONFLICT', { options, reason })
  }
  const unheard = Object.entries(o.handlers).find(([, answer]) => answer === 'dead-letter')
  if (unheard !== undefined && o.errorsDeadLetterQueueTopicName === null) {
    conflict(
      `${unheard[0]}, errorsDeadLetterQueueTopicName`,
      "the answer is 'dead-letter', but no topic is named that takes the records",
    )
  }
  if (o.heartbeatIntervalMs >= o.sessionTimeoutMs) {
    conflict(
      'heartbeatInterval, sessionTimeout',
      `${o.heartbeatIntervalMs} ms is not below ${o.sessionTimeoutMs} ms; a third of it is usual`,
    )
  }
  if (o.processingGuarantee === 'exactly-once' && o.transactionTimeoutMs < o.commitIntervalMs) {
    conflict(
      'transactionTimeout, commitInterval',
      `a transaction would time out (${o.transactionTimeoutMs} ms) before it is committed (${o.commitIntervalMs} ms)`,
    )
  }
  if (o.deliveryTimeoutMs < o.lingerMs + o.requestTimeoutMs) {
    conflict(
      'deliveryTimeout, linger, requestTimeout',
      `${o.deliveryTimeoutMs} ms is below ${o.lingerMs} + ${o.requestTimeoutMs} ms`,
    )
  }
  if (o.fetchMaxWaitMs >= o.requestTimeoutMs) {
    conflict(
      'fetchMaxWait, requestTimeout',
      `a fetch may wait ${o.fetchMaxWaitMs} ms, but its answer is given up after ${o.requestTimeoutMs} ms`,
    )
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string'
    ? `"${value}"`
    : typeof value === 'bigint'
      ? `${value}n`
      : (JSON.stringify(value) ?? String(value))
}
