/**
 * What interactive queries can ask, by kind of store: the read-only faces, and which face belongs to which kind (Kafka:
 * `QueryableStoreTypes`).
 *
 * Only types. Every face is asynchronous, so that a caller cannot hold up the stream loop between two rows.
 */
import type {
  KeyValue,
  StoreHandle,
  StoreKind,
  ValueAndTimestamp,
  ValueTimestampHeaders,
  VersionedRecord,
  Windowed,
} from '@millrace/core'

/** Offsets by topic and partition: the last input record that a store has seen (KIP-796). */
export type Position = Readonly<Record<string, Readonly<Record<number, number>>>>

/** What all faces have. */
export interface QueriedStore {
  readonly name: string
  /**
   * The last record of each input partition that is in the answers given now. Copies that only follow a changelog, and
   * global stores, know none.
   */
  position(): Promise<Position>
}

/** A read-only key-value store over all local partitions. Rows of `range` and `all` are ascending within a partition. */
export interface KeyValueView<K, V> extends QueriedStore {
  get(key: K): Promise<V | null>
  /** Both bounds inclusive, null = no bound. */
  range(from: K | null, to: K | null): AsyncIterable<KeyValue<K, V>>
  reverseRange(from: K | null, to: K | null): AsyncIterable<KeyValue<K, V>>
  /** Rows whose key bytes begin with these bytes. */
  prefix(prefix: Uint8Array): AsyncIterable<KeyValue<K, V>>
  all(): AsyncIterable<KeyValue<K, V>>
  reverseAll(): AsyncIterable<KeyValue<K, V>>
  approximateCount(): Promise<number>
}

/** Bounds in time, ms since the epoch, both inclusive. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** A read-only window store. Times are ms since the epoch, bounds inclusive; `backward…` is the same rows in the opposite order. */
export interface WindowView<K, V> extends QueriedStore {
  /** The value of the window that starts at `startMs`. */
  get(key: K, startMs: number): Promise<V | null>
  /** Windows of one key by start. */
  fetch(key: K, fromMs: number, toMs: number): AsyncIterable<KeyValue<number, V>>
  backwardFetch(key: K, fromMs: number, toMs: number): AsyncIterable<KeyValue<number, V>>
  /** Windows of all keys between two, null = no bound. */
  fetchKeys(fromKey: K | null, toKey: K | null, starts: TimeRange): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardFetchKeys(fromKey: K | null, toKey: K | null, starts: TimeRange): AsyncIterable<KeyValue<Windowed<K>, V>>
  fetchAll(fromMs: number, toMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardFetchAll(fromMs: number, toMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
  all(): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardAll(): AsyncIterable<KeyValue<Windowed<K>, V>>
}

/** Sessions with end ≥ earliestEndMs and start ≤ latestStartMs. */
export interface SessionRange {
  readonly earliestEndMs: number
  readonly latestStartMs: number
}

/** A read-only session store; `backward…` is the same rows in the opposite order. */
export interface SessionView<K, V> extends QueriedStore {
  get(key: K, startMs: number, endMs: number): Promise<V | null>
  fetch(key: K): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardFetch(key: K): AsyncIterable<KeyValue<Windowed<K>, V>>
  /** Sessions of all keys between two, null = no bound. */
  fetchKeys(fromKey: K | null, toKey: K | null): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardFetchKeys(fromKey: K | null, toKey: K | null): AsyncIterable<KeyValue<Windowed<K>, V>>
  /** Sessions of the key with end ≥ earliestEndMs and start ≤ latestStartMs. */
  findSessions(key: K, earliestEndMs: number, latestStartMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
  backwardFindSessions(key: K, earliestEndMs: number, latestStartMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
  findSessionsKeys(fromKey: K | null, toKey: K | null, range: SessionRange): AsyncIterable<KeyValue<Windowed<K>, V>>
}

/** A read-only versioned store. */
export interface VersionedView<K, V> extends QueriedStore {
  /** The version that is valid now, or was at that time; as in Kafka without its end, which `history` knows. */
  get(key: K, asOfTimestampMs?: number): Promise<VersionedRecord<V> | null>
  /** All versions that are kept, of all keys; newest first per key. */
  history(): AsyncIterable<KeyValue<K, VersionedRecord<V>>>
}

/** The face of each kind of store, with the values it shows. */
export interface StoreViews<K, V> {
  readonly 'key-value': KeyValueView<K, V>
  readonly 'timestamped-key-value': KeyValueView<K, ValueAndTimestamp<V>>
  readonly 'headers-key-value': KeyValueView<K, ValueTimestampHeaders<V>>
  readonly window: WindowView<K, V>
  readonly 'timestamped-window': WindowView<K, ValueAndTimestamp<V>>
  readonly 'headers-window': WindowView<K, ValueTimestampHeaders<V>>
  readonly session: SessionView<K, V>
  readonly versioned: VersionedView<K, V>
}

/** Kinds of stores that can be asked for. Tables and aggregations answer as the plain kind and the `timestamped-` one. */
export type QueryableStoreType = keyof StoreViews<unknown, unknown>

/** The face of a store of one kind. */
export type StoreView<K, V, T extends QueryableStoreType = 'key-value'> = StoreViews<K, V>[T]

/** What a handle of this kind is asked for; `never` for buffers of the DSL. */
export type QueriedKind<Kind extends StoreKind> = Kind extends QueryableStoreType
  ? Kind
  : Kind extends 'lru'
    ? 'key-value'
    : Kind extends 'headers-session'
      ? 'session'
      : never

/** The face that belongs to a handle. */
export type HandleView<H> =
  H extends StoreHandle<infer K, infer V, infer Kind> ? StoreViews<K, V>[QueriedKind<Kind>] : never

/** How a store is asked (Kafka: `StoreQueryParameters`). */
export interface StoreQuery {
  /** True: standby copies, and stores that are being restored, answer too; they may be behind. Default false. */
  readonly stale?: boolean
  /** Only this partition; default all that are here. Global stores have none. */
  readonly partition?: number
  /** Only answers that contain at least these input records, else MR_RUNTIME_STORE_UNAVAILABLE (KIP-796). */
  readonly atLeast?: Position
}

/** As above, for a store that is asked by its name. */
export interface NamedStoreQuery<T extends QueryableStoreType = QueryableStoreType> extends StoreQuery {
  readonly type: T
}
