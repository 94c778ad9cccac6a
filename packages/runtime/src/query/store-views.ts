/**
 * Interactive queries: read-only faces over the live stores of all local tasks.
 *
 * Calls are asynchronous at the face, so that a caller cannot hold up the stream loop between two rows, and so that a
 * remote instance could stand behind it; each single read is the store's own synchronous one, between two records.
 * Isolation is Kafka's default: what is not committed yet is seen.
 */
import {
  type KeyValue,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyWindowStore,
  type StateStore,
  type StoreKind,
  type VersionedKeyValueStore,
  type VersionedRecord,
  type Windowed,
} from '@millrace/core'

/** A read-only key-value store over all local partitions. Rows of `range` and `all` are ascending within a partition. */
export interface KeyValueView<K, V> {
  readonly name: string
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

/** A read-only window store. Times are ms since the epoch, bounds inclusive. */
export interface WindowView<K, V> {
  readonly name: string
  /** The value of the window that starts at `startMs`. */
  get(key: K, startMs: number): Promise<V | null>
  /** Windows of one key by start. */
  fetch(key: K, fromMs: number, toMs: number): AsyncIterable<KeyValue<number, V>>
  fetchAll(fromMs: number, toMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
  all(): AsyncIterable<KeyValue<Windowed<K>, V>>
}

/** A read-only session store. */
export interface SessionView<K, V> {
  readonly name: string
  get(key: K, startMs: number, endMs: number): Promise<V | null>
  fetch(key: K): AsyncIterable<KeyValue<Windowed<K>, V>>
  /** Sessions of the key with end ≥ earliestEndMs and start ≤ latestStartMs. */
  findSessions(key: K, earliestEndMs: number, latestStartMs: number): AsyncIterable<KeyValue<Windowed<K>, V>>
}

/** A read-only versioned store. */
export interface VersionedView<K, V> {
  readonly name: string
  get(key: K, asOfTimestampMs?: number): Promise<VersionedRecord<V> | null>
}

/** Whatever kind the store is. */
export type StoreView<K, V> = KeyValueView<K, V> & WindowView<K, V> & SessionView<K, V> & VersionedView<K, V>

/** The live views behind a query now, one per local partition. @throws {MR_RUNTIME_STORE_UNAVAILABLE} */
export type LocalStores = () => readonly StateStore[]

/** Rows between two turns of the event loop. */
const rowsPerTurn = 256

/** The store behind a face. */
export interface ViewedStore {
  readonly name: string
  readonly kind: StoreKind
  /** True: values of timestamped stores are shown without their timestamps, as Kafka's plain query types do. */
  readonly isPlain: boolean
}

/** Makes the face for a kind of store. `yieldTurn` lets the stream loop go on during long listings. */
export function storeView(store: ViewedStore, local: LocalStores, yieldTurn: () => Promise<void>): object {
  const unwraps = store.isPlain && (store.kind.startsWith('timestamped-') || store.kind.startsWith('headers-'))
  const rows: Rows = <S extends StateStore, K>(list: (live: S) => Iterable<KeyValue<K, unknown>>) => ({
    [Symbol.asyncIterator]: () =>
      iterate(local, { list: list as (live: StateStore) => Iterable<KeyValue<K, unknown>>, unwraps, yieldTurn }),
  })
  const first: First = async <S extends StateStore, R>(read: (live: S) => R | null): Promise<R | null> => {
    for (const live of local()) {
      const found = read(live as S)
      if (found !== null) return unwraps ? ((found as { readonly value: unknown }).value as R) : found
    }
    return null
  }
  const { name } = store
  switch (store.kind) {
    case 'window':
    case 'timestamped-window':
    case 'headers-window':
      return windowView(name, rows, first)
    case 'session':
    case 'headers-session':
      return sessionView(name, rows, first)
    case 'versioned':
      return {
        name,
        get: async (key: unknown, asOf?: number) =>
          first((live: VersionedKeyValueStore<unknown, unknown>) => live.get(key, asOf)),
      } satisfies VersionedView<unknown, unknown>
    case 'key-value':
    case 'timestamped-key-value':
    case 'headers-key-value':
    case 'lru':
    case 'suppress-buffer':
    case 'join-buffer':
    case 'outer-join-buffer':
    case 'subscription':
      return keyValueView(name, rows, first, local)
  }
}

type Rows = <S extends StateStore, K>(
  list: (live: S) => Iterable<KeyValue<K, unknown>>,
) => AsyncIterable<KeyValue<K, unknown>>
type First = <S extends StateStore, R>(read: (live: S) => R | null) => Promise<R | null>
type KeyValues = ReadOnlyKeyValueStore<unknown, unknown>
type Windows = ReadOnlyWindowStore<unknown, unknown>
type Sessions = ReadOnlySessionStore<unknown, unknown>

function keyValueView(name: string, rows: Rows, first: First, local: LocalStores): KeyValueView<unknown, unknown> {
  return {
    name,
    get: async (key) => first((live: KeyValues) => live.get(key)),
    range: (from, to) => rows((live: KeyValues) => live.range(from, to)),
    reverseRange: (from, to) => rows((live: KeyValues) => live.reverseRange(from, to)),
    prefix: (prefix) => rows((live: KeyValues) => live.prefixScan(prefix)),
    all: () => rows((live: KeyValues) => live.all()),
    reverseAll: () => rows((live: KeyValues) => live.reverseAll()),
    approximateCount: async () => local().reduce((sum, live) => sum + (live as KeyValues).approximateCount(), 0),
  }
}

function windowView(name: string, rows: Rows, first: First): WindowView<unknown, unknown> {
  return {
    name,
    get: async (key, startMs) => first((live: Windows) => live.fetchOne(key, startMs)),
    fetch: (key, fromMs, toMs) => rows((live: Windows) => live.fetch(key, fromMs, toMs)),
    fetchAll: (fromMs, toMs) => rows((live: Windows) => live.fetchAll(fromMs, toMs)),
    all: () => rows((live: Windows) => live.all()),
  }
}

function sessionView(name: string, rows: Rows, first: First): SessionView<unknown, unknown> {
  return {
    name,
    get: async (key, startMs, endMs) => first((live: Sessions) => live.fetchSession(key, startMs, endMs)),
    fetch: (key) => rows((live: Sessions) => live.fetch(key)),
    findSessions: (key, earliestEndMs, latestStartMs) =>
      rows((live: Sessions) => live.findSessions(key, earliestEndMs, latestStartMs)),
  }
}

/**
 * Rows of all local partitions, one after the other. A partition is listed into memory at once, because an iterator
 * would have to stay open while the stream loop writes; it is handed out with turns of the event loop in between.
 */
async function* iterate<K>(
  local: LocalStores,
  how: {
    readonly list: (live: StateStore) => Iterable<KeyValue<K, unknown>>
    readonly unwraps: boolean
    readonly yieldTurn: () => Promise<void>
  },
): AsyncGenerator<KeyValue<K, unknown>, void, undefined> {
  for (const live of local()) {
    if (!live.isOpen) continue
    const rows = [...how.list(live)]
    for (const [i, row] of rows.entries()) {
      if (i > 0 && i % rowsPerTurn === 0) await how.yieldTurn()
      yield how.unwraps ? { key: row.key, value: (row.value as { readonly value: unknown }).value } : row
    }
  }
}
