/**
 * Handles: stores as users name them. A handle is the store's definition as plain data; the same object given twice is one
 * store, and it is accepted wherever a store is named.
 *
 * Serdes may be left out: the DSL then takes those it knows, else the default ones.
 */
import { TopologyError } from '../errors.ts'
import { type SerdeOrSchema, toKeySerde, toSerde } from '../serde/standard-schema.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import type { StoreDefinition, StoreHandle, StoreKind, StoreLogging, StoreType } from './definition.ts'
import type { ValueAndTimestamp, ValueTimestampHeaders } from './store.ts'
import { optionNames, requireArgument, requireKnown } from '../known-options.ts'

/** What every store can be told. */
export interface StoreOptions<K, V> {
  readonly key?: SerdeOrSchema<K>
  readonly value?: SerdeOrSchema<V>
  /** `disk` (default): the task's engine, so that a restart needs no full restore. `memory`: never on disk. */
  readonly type?: StoreType
  /** Puts wait for the commit and are written once per key; default false, in the DSL true. */
  readonly caching?: boolean
  /** Changelog topic; true (default), false, or Kafka's topic configurations. Without one a lost disk loses the store. */
  readonly logging?: StoreLogging
}

export interface WindowStoreOptions<K, V> extends StoreOptions<K, V> {
  /** Size of the windows: the end of a listed window is its start + size. */
  readonly windowSize: Duration
  /** How long a window is kept after its start; at least the size. */
  readonly retention: Duration
  /** Several values for one key and start; default false. */
  readonly retainDuplicates?: boolean
  /** Length of one expiry segment; default max(retention / 2, 1 min). */
  readonly segmentInterval?: Duration
}

export interface SessionStoreOptions<K, V> extends StoreOptions<K, V> {
  /** How long a session is kept after its end. */
  readonly retention: Duration
}

export interface VersionedStoreOptions<K, V> extends Omit<StoreOptions<K, V>, 'caching' | 'type'> {
  /** How far back rows can be read; versions older than this are refused. */
  readonly historyRetention: Duration
  readonly segmentInterval?: Duration
}

export interface LruStoreOptions<K, V> extends Omit<StoreOptions<K, V>, 'type'> {
  /** Greatest number of keys remembered. */
  readonly entriesMax: number
}

type Names<T> = { readonly [Name in keyof Required<T>]: true }
const logged: Names<Pick<StoreOptions<any, any>, 'key' | 'value' | 'logging'>> = {
  key: true,
  value: true,
  logging: true,
}
const common: Names<StoreOptions<any, any>> = { ...logged, type: true, caching: true }
const storeOptions = optionNames<StoreOptions<any, any>>(common)
const windowOptions = optionNames<WindowStoreOptions<any, any>>({
  ...common,
  windowSize: true,
  retention: true,
  retainDuplicates: true,
  segmentInterval: true,
})
const sessionOptions = optionNames<SessionStoreOptions<any, any>>({ ...common, retention: true })
const versionedOptions = optionNames<VersionedStoreOptions<any, any>>({
  ...logged,
  historyRetention: true,
  segmentInterval: true,
})
const lruOptions = optionNames<LruStoreOptions<any, any>>({ ...logged, caching: true, entriesMax: true })

/**
 * A key-value store.
 *
 * @example
 * const seen = keyValueStore('seen', { key: string(), value: int64() })
 */
export function keyValueStore<K, V>(name: string, options: StoreOptions<K, V> = {}): StoreHandle<K, V, 'key-value'> {
  return definition('key-value', name, requireKnown(options, storeOptions, `keyValueStore("${name}")`))
}

/** A key-value store whose values carry the event time of the record that made them. */
export function timestampedKeyValueStore<K, V>(
  name: string,
  options: StoreOptions<K, V> = {},
): StoreHandle<K, V, 'timestamped-key-value'> & Shaped<ValueAndTimestamp<V>> {
  return definition(
    'timestamped-key-value',
    name,
    requireKnown(options, storeOptions, `timestampedKeyValueStore("${name}")`),
  )
}

/** A key-value store whose values carry event time and headers (Kafka 4.3). */
export function headersKeyValueStore<K, V>(
  name: string,
  options: StoreOptions<K, V> = {},
): StoreHandle<K, V, 'headers-key-value'> & Shaped<ValueTimestampHeaders<V>> {
  return definition('headers-key-value', name, requireKnown(options, storeOptions, `headersKeyValueStore("${name}")`))
}

/** A store in memory that remembers the keys used last and forgets the others. */
export function lruStore<K, V>(name: string, options: LruStoreOptions<K, V>): StoreHandle<K, V, 'lru'> {
  const { entriesMax } = requireKnown(options, lruOptions, `lruStore("${name}")`)
  if (!Number.isSafeInteger(entriesMax) || entriesMax < 0) {
    throw refusal(name, `entriesMax must be a whole number ≥ 0, got ${entriesMax}`)
  }
  return { ...definition('lru', name, { ...options, type: 'memory' }), entriesMax }
}

/**
 * A window store.
 *
 * @throws {MR_STORE_DEFINITION} the retention is shorter than the windows, or a length is negative
 */
export function windowStore<K, V>(name: string, options: WindowStoreOptions<K, V>): StoreHandle<K, V, 'window'> {
  return windowed('window', name, requireKnown(options, windowOptions, `windowStore("${name}")`))
}

/** A window store whose values carry the event time of the record that made them. */
export function timestampedWindowStore<K, V>(
  name: string,
  options: WindowStoreOptions<K, V>,
): StoreHandle<K, V, 'timestamped-window'> & Shaped<ValueAndTimestamp<V>> {
  return windowed('timestamped-window', name, requireKnown(options, windowOptions, `timestampedWindowStore("${name}")`))
}

/** A window store whose values carry event time and headers (Kafka 4.3). */
export function headersWindowStore<K, V>(
  name: string,
  options: WindowStoreOptions<K, V>,
): StoreHandle<K, V, 'headers-window'> & Shaped<ValueTimestampHeaders<V>> {
  return windowed('headers-window', name, requireKnown(options, windowOptions, `headersWindowStore("${name}")`))
}

/** A session store. @throws {MR_STORE_DEFINITION} the retention is negative */
export function sessionStore<K, V>(name: string, options: SessionStoreOptions<K, V>): StoreHandle<K, V, 'session'> {
  requireKnown(options, sessionOptions, `sessionStore("${name}")`)
  return { ...definition('session', name, options), retentionMs: length(name, 'retention', options.retention) }
}

/**
 * A store that keeps older versions of its rows and answers as of a time.
 *
 * @throws {MR_STORE_DEFINITION} as above
 * @throws {MR_STORE_UNCACHEABLE} caching is asked for
 */
export function versionedStore<K, V>(
  name: string,
  options: VersionedStoreOptions<K, V>,
): StoreHandle<K, V, 'versioned'> {
  if ((options as { readonly caching?: boolean }).caching === true)
    throw new TopologyError('MR_STORE_UNCACHEABLE', { store: name })
  const { segmentInterval } = requireKnown(options, versionedOptions, `versionedStore("${name}")`)
  return {
    ...definition('versioned', name, options),
    historyRetentionMs: length(name, 'historyRetention', options.historyRetention),
    ...(segmentInterval === undefined ? {} : { segmentIntervalMs: length(name, 'segmentInterval', segmentInterval) }),
  }
}

/** Marks a handle with the shape of the values that processors see; exists only in types. */
export interface Shaped<Stored> {
  readonly stored?: Stored
}

function windowed<K, V, Kind extends StoreKind>(
  kind: Kind,
  name: string,
  options: WindowStoreOptions<K, V>,
): StoreDefinition<K, V, Kind> {
  const retentionMs = length(name, 'retention', options.retention)
  const windowSizeMs = length(name, 'windowSize', options.windowSize)
  if (retentionMs < windowSizeMs) {
    throw refusal(name, `its retention (${retentionMs} ms) is shorter than its windows (${windowSizeMs} ms)`)
  }
  const { segmentInterval } = options
  return {
    ...definition(kind, name, options),
    retentionMs,
    windowSizeMs,
    retainDuplicates: options.retainDuplicates ?? false,
    ...(segmentInterval === undefined ? {} : { segmentIntervalMs: length(name, 'segmentInterval', segmentInterval) }),
  }
}

function definition<K, V, Kind extends StoreKind>(
  kind: Kind,
  name: string,
  options: StoreOptions<K, V>,
): StoreDefinition<K, V, Kind> {
  requireArgument(typeof name === 'string', name, {
    where: 'A store',
    accepted: 'a name, as in keyValueStore("counts")',
  })
  const { type = 'disk' } = options
  if (type !== 'disk' && type !== 'memory')
    throw refusal(name, `its type is ${JSON.stringify(type)}; it can be 'disk' or 'memory'`)
  return {
    kind,
    name,
    key: options.key === undefined ? null : toKeySerde(options.key),
    value: options.value === undefined ? null : toSerde(options.value),
    type,
    caching: options.caching ?? false,
    cachingChosen: options.caching !== undefined,
    logging: options.logging ?? true,
  }
}

function length(store: string, option: string, given: Duration): number {
  const ms = durationMs(given, `${store}.${option}`)
  if (!Number.isSafeInteger(ms) || ms < 0)
    throw refusal(store, `${option} must be whole milliseconds ≥ 0, got ${given}`)
  return ms
}

function refusal(store: string, reason: string): TopologyError {
  return new TopologyError('MR_STORE_DEFINITION', { store, reason })
}
