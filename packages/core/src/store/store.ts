/**
 * The typed faces of state stores, as processors see them. All calls are synchronous: reads are answered from the entry
 * table or by a blocking engine read, writes are staged in memory until the commit.
 *
 * `null` = absent. Iterators are closed by the end of `for…of`; one that is left open is closed when `process` returns.
 */
import type { Change } from '../record/change.ts'
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
  /**
   * Null deletes (with duplicates retained: does nothing, as in Kafka). A window that starts before 0 is in no listing, and
   * found by `fetchOne` on disk only; with a cache it fails when that is flushed (`MR_STORE_WINDOW`).
   */
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
  /** Null removes. @throws {MR_STORE_WINDOW} it starts before 0, or ends before it starts */
  put(session: Windowed<K>, value: V | null): void
  /** @throws {MR_STORE_WINDOW} as `put` */
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

/**
 * Times of an operator that live and die with its store (docs/deviations.md: operator stream time survives a restart).
 * Implemented by the views of window and session stores and of all buffers. Operators read both in `init` and assign
 * them as they move on; they are written with the next commit, and after a restore from the changelog
 * `observedStreamTimeMs` is the greatest timestamp that the changelog held.
 */
export interface KeepsTime {
  /** Greatest event time the operator has seen, −1 at first. */
  observedStreamTimeMs: number
  /** Emit on close: window-close time up to which results were emitted, −1 at first. */
  lastEmittedMs: number
}

/** Where a buffered record came from; stored with it and given back when it is released. */
export interface BufferedContext {
  readonly timestampMs: number
  readonly headers: Headers
  /** Null when a punctuation made the record (stored as an empty name). */
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  /** What the task wants to have back with the record (`OperatorContext.keepSource`); in memory only. */
  readonly source?: object
}

/** A table update that leaves the suppress buffer. */
export interface SuppressedUpdate<K, V> {
  readonly key: K
  readonly change: Change<V>
  readonly context: BufferedContext
}

/**
 * The buffer of `suppress`: one update per key, ordered by (buffer time, key bytes). A later update of a buffered key
 * keeps its place and the buffer time of the first one. The changelog is written at `flush`, one record per changed key.
 */
export interface SuppressBuffer<K, V> extends StateStore, KeepsTime {
  put(bufferTimeMs: number, key: K, change: Change<V>, context: BufferedContext): void
  /**
   * While the predicate holds (asked before each entry; it may look at the counts and at `minTimeMs`), gives the oldest
   * entry to `emit` and then removes it. If `emit` throws, that entry stays.
   */
  evictWhile(predicate: () => boolean, emit: (update: SuppressedUpdate<K, V>) => void): void
  /** Smallest buffer time, +Infinity when empty. */
  readonly minTimeMs: number
  readonly recordCount: number
  /** Kafka's estimate of the bytes held, the measure of `maxBytes`. */
  readonly byteCount: number
  /** What downstream saw last of a buffered key; undefined when the key is not buffered. */
  priorValue(key: K): V | null | undefined
}

/** A stream record that leaves the buffer of a stream–table join with grace. */
export interface BufferedRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly context: BufferedContext
}

/** The buffer of a stream–table join with grace (`retentionMs` of the definition = grace). */
export interface JoinBuffer<K, V> extends StateStore, KeepsTime {
  /** Keeps the record until stream time − grace reaches its time. @returns false: already too late, join it at once */
  put(key: K, value: V, context: BufferedContext): boolean
  /** Gives every record with time ≤ buffer stream time − grace to `emit`, by (time, key bytes, arrival), and removes it. */
  evict(emit: (record: BufferedRecord<K, V>) => void): void
  readonly recordCount: number
}

export type JoinSide = 'left' | 'right'

/** One value of the buffer shared by both sides of a left or outer stream–stream join. */
export interface UnmatchedRecord<K, VLeft, VRight> {
  readonly side: JoinSide
  readonly key: K
  readonly timestampMs: number
  readonly value: VLeft | VRight
}

/**
 * The shared buffer of a left or outer stream–stream join: records without a match so far, ordered by (time, right
 * before left, key bytes), several values for one place kept in arrival order.
 * The definition's `value` is the left serde, `otherValue` the right one.
 */
export interface OuterJoinBuffer<K, VLeft, VRight> extends StateStore, KeepsTime {
  /** Adds a value to the list of (time, side, key). */
  add(side: JoinSide, key: K, timestampMs: number, value: VLeft | VRight): void
  /** Deletes the list of (time, side, key) if there is one; else writes nothing. @returns whether there was one */
  removeIfPresent(side: JoinSide, key: K, timestampMs: number): boolean
  /** Deletes blindly: a tombstone is written in any case. */
  remove(side: JoinSide, key: K, timestampMs: number): void
  /** In order; removing while iterating is allowed. */
  all(): Iterable<UnmatchedRecord<K, VLeft, VRight>>
  readonly isEmpty: boolean
}

/**
 * Subscriptions of a foreign-key join: rows `fk length 4 ‖ fk ‖ pk` → subscription and timestamp; read by `prefixScan`.
 * The definition's key serde is the identity on these bytes.
 */
export type SubscriptionStore<V> = KeyValueStore<Uint8Array, ValueAndTimestamp<V>>
