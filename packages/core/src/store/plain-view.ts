/**
 * A store of a table as its handle names it. `count({ store: keyValueStore('counts') })` keeps an event time with each row,
 * so the store below is a timestamped one; whoever opens it by the handle, which says nothing of times, sees bare values
 * (Kafka: `KeyValueStoreFacade` and `WindowStoreFacade`). By its name it is what it is.
 *
 * Made when the store is opened. Values put through it have the time of the record being processed.
 */
import { noHeaders } from '../record/headers.ts'
import type { StoreKind } from './definition.ts'
import type { KeyValue, KeyValueStore, StateStore, ValueTimestampHeaders, WindowStore } from './store.ts'

type Stamped<V> = ValueTimestampHeaders<V>

/** What a handle says, what is there, and the time that values put through the handle have, ms. */
export interface HandleUse {
  readonly asked: StoreKind
  readonly actual: StoreKind | undefined
  readonly timeMs: () => number
}

type Stamp<V> = (value: V | null) => Stamped<V> | null

/** @returns the store itself where the handle says what it is */
export function asHandleSays(store: StateStore, { asked, actual, timeMs }: HandleUse): StateStore {
  // undefined goes on as it is: the store refuses it and names the key
  const stamp: Stamp<unknown> = (value) =>
    value === null || value === undefined ? (value as null) : { value, timestampMs: timeMs(), headers: noHeaders }
  if (asked === 'key-value' && (actual === 'timestamped-key-value' || actual === 'headers-key-value'))
    return plainKeyValues(store as KeyValueStore<unknown, Stamped<unknown>>, stamp)
  if (asked === 'window' && (actual === 'timestamped-window' || actual === 'headers-window'))
    return plainWindows(store as WindowStore<unknown, Stamped<unknown>>, stamp)
  return store
}

function plainKeyValues<K, V>(store: KeyValueStore<K, Stamped<V>>, stamp: Stamp<V>): KeyValueStore<K, V> {
  return withOpenness<Omit<KeyValueStore<K, V>, keyof StateStore>>(store, {
    get: (key) => bare(store.get(key)),
    range: (from, to) => bareRows(store.range(from, to)),
    reverseRange: (from, to) => bareRows(store.reverseRange(from, to)),
    all: () => bareRows(store.all()),
    reverseAll: () => bareRows(store.reverseAll()),
    prefixScan: (prefix) => bareRows(store.prefixScan(prefix)),
    approximateCount: () => store.approximateCount(),
    put: (key, value) => store.put(key, stamp(value)),
    putIfAbsent: (key, value) => bare(store.putIfAbsent(key, stamp(value) as Stamped<V>)),
    putAll: (entries) => store.putAll(Array.from(entries, ([key, value]) => [key, stamp(value)] as const)),
    delete: (key) => bare(store.delete(key)),
  })
}

function plainWindows<K, V>(store: WindowStore<K, Stamped<V>>, stamp: Stamp<V>): WindowStore<K, V> {
  return withOpenness<Omit<WindowStore<K, V>, keyof StateStore>>(store, {
    fetchOne: (key, startMs) => bare(store.fetchOne(key, startMs)),
    fetch: (key, fromMs, toMs) => bareRows(store.fetch(key, fromMs, toMs)),
    backwardFetch: (key, fromMs, toMs) => bareRows(store.backwardFetch(key, fromMs, toMs)),
    fetchKeys: (...range) => bareRows(store.fetchKeys(...range)),
    backwardFetchKeys: (...range) => bareRows(store.backwardFetchKeys(...range)),
    fetchAll: (fromMs, toMs) => bareRows(store.fetchAll(fromMs, toMs)),
    backwardFetchAll: (fromMs, toMs) => bareRows(store.backwardFetchAll(fromMs, toMs)),
    all: () => bareRows(store.all()),
    backwardAll: () => bareRows(store.backwardAll()),
    put: (key, value, startMs) => store.put(key, stamp(value), startMs),
  })
}

/** The store may be closed later, so `isOpen` is asked each time. */
function withOpenness<F extends object>(store: StateStore, face: F): F & StateStore {
  const { name, persistent } = store
  return {
    ...face,
    name,
    persistent,
    get isOpen() {
      return store.isOpen
    },
  }
}

function bare<V>(row: Stamped<V> | null): V | null {
  return row === null ? null : row.value
}

function* bareRows<K, V>(rows: Iterable<KeyValue<K, Stamped<V>>>): Iterable<KeyValue<K, V>> {
  for (const { key, value } of rows) yield { key, value: value.value }
}
