/**
 * The typed faces of state stores, as processors see them. All calls are synchronous: reads are answered from the entry
 * table or by a blocking engine read, writes are staged in memory until the commit.
 *
 * `null` = absent. Iterators are closed by the end of `for…of`; one that is left open is closed when `process` returns.
 */
import type { Headers } from '../record/headers.ts'
import type { Windowed } from '../record/windowed.ts'

export interface StateStore {
  readonly name: string
  /** True when its rows survive the process. */
  readonly persistent: boolean
  readonly isOpen: boolean
}

export interface KeyValue<K, V> {
  readonly key: K
  readonly value: V
}

export interface ReadOnlyKeyValueStore<K, V> extends StateStore {
  get(key: K): V | null
  /** Ascending by key bytes, both bounds inclusive, null = no bound. */
  range(from: K | null, to: K | null): Iterable<KeyValue<K, V>>
  reverseRange(from: K | null, to: K | null): Iterable<KeyValue<K, V>>
  all(): Iterable<KeyValue<K, V>>
  reverseAll(): Iterable<KeyValue<K, V>>
  /** Rows whose key bytes begin with these bytes. */
  prefixScan(prefix: Uint8Array): Iterable<KeyValue<K, V>>
  approximateCount(): number
}

export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** Null deletes. */
  put(key: K, value: V | null): void
  /** The value that was there, else null and the new one is put. */
  putIfAbsent(key: K, value: V): V | null
  putAll(entries: Iterable<readonly [K, V | null]>): void
  /** The value that was there. */
  delete(key: K): V | null
}

/** A value with the event time of the record that made it; the shape of every DSL table's store. */
export interface ValueAndTimestamp<V> {
  readonly value: V
  readonly timestampMs: number
}

/** As above, with the headers of that record (`dsl.store.format=HEADERS`, Kafka 4.3). */
export interface ValueTimestampHeaders<V> extends ValueAndTimestamp<V> {
  readonly headers: Headers
}

export interface ReadOnlyWindowStore<K, V> extends StateStore {
  /** The value of the window that starts at `startMs`. */
  fetchOne(key: K, startMs: number): V | null
  /** Windows of one key by start, both bounds inclusive. */
  fetch(key: K, fromMs: number, toMs: number): Iterable<KeyValue<number, V>>
  backwardFetch(key: K, fromMs: number, toMs: number): Iterable<KeyValue<number, V>>
  fetchKeys(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>>
  backwardFetchKeys(
    fromKey: K | null,
    toKey: K | null,
    fromMs: number,
    toMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>>
  fetchAll(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>>
  backwardFetchAll(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>>
  all(): Iterable<KeyValue<Windowed<K>, V>>
  backwardAll(): Iterable<KeyValue<Windowed<K>, V>>
}

export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** Null deletes (with duplicates retained: does nothing, as in Kafka). */
  put(key: K, value: V | null, startMs: number): void
}

export interface ReadOnlySessionStore<K, V> extends StateStore {
  fetchSession(key: K, startMs: number, endMs: number): V | null
  fetch(key: K): Iterable<KeyValue<Windowed<K>, V>>
  backwardFetch(key: K): Iterable<KeyValue<Windowed<K>, V>>
  fetchKeys(fromKey: K | null, toKey: K | null): Iterable<KeyValue<Windowed<K>, V>>
  backwardFetchKeys(fromKey: K | null, toKey: K | null): Iterable<KeyValue<Windowed<K>, V>>
  /** Sessions of the key with end ≥ earliestEndMs and start ≤ latestStartMs. */
  findSessions(key: K, earliestEndMs: number, latestStartMs: number): Iterable<KeyValue<Windowed<K>, V>>
  backwardFindSessions(key: K, earliestEndMs: number, latestStartMs: number): Iterable<KeyValue<Windowed<K>, V>>
  findSessionsKeys(
    fromKey: K | null,
    toKey: K | null,
    earliestEndMs: number,
    latestStartMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>>
  backwardFindSessionsKeys(
    fromKey: K | null,
    toKey: K | null,
    earliestEndMs: number,
    latestStartMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>>
  /** Sessions whose end lies in [fromMs, toMs], over all keys (emit on close). */
  findSessionsByEnd(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>>
}

export interface SessionStore<K, V> extends ReadOnlySessionStore<K, V> {
  /** Null removes. */
  put(session: Windowed<K>, value: V | null): void
  remove(session: Windowed<K>): void
}

/** One version of a row; `validToMs` null while it is the latest. */
export interface VersionedRecord<V> {
  readonly value: V
  readonly timestampMs: number
  readonly validToMs: number | null
}

export interface VersionedKeyValueStore<K, V> extends StateStore {
  /** @returns the next version's timestamp; `putLatest` if it is now the latest; `putRejected` if older than the history */
  put(key: K, value: V | null, timestampMs: number): number
  /** Deletes as of this time. @returns the version that was valid then */
  delete(key: K, timestampMs: number): VersionedRecord<V> | null
  get(key: K, asOfTimestampMs?: number): VersionedRecord<V> | null
  /** All versions that the history still holds, newest first per key, keys ascending (no tombstones). */
  history(): Iterable<KeyValue<K, VersionedRecord<V>>>
}

/** What `VersionedKeyValueStore.put` returns when the version is now the latest (Kafka's PUT_RETURN_CODE_VALID_TO_UNDEFINED). */
export const putLatest = -1
/** What it returns when the version is older than the history: nothing was put (Kafka: Long.MIN_VALUE). */
export const putRejected: number = Number.NEGATIVE_INFINITY
