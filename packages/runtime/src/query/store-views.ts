/**
 * Interactive queries: read-only faces over the live stores of all local tasks.
 *
 * Calls are asynchronous at the face, so that a caller cannot hold up the stream loop between two rows, and so that a
 * remote instance could stand behind it; each single read is the store's own synchronous one, between two records.
 * Isolation is Kafka's default: what is not committed yet is seen.
 */
import type {
  KeyValue,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyWindowStore,
  StateStore,
  VersionedKeyValueStore,
} from '@millrace/core'
import type {
  KeyValueView,
  Position,
  QueriedStore,
  QueryableStoreType,
  SessionView,
  VersionedView,
  WindowView,
} from './views.ts'

/** A store that answers now. */
export interface AnsweringStore {
  readonly view: StateStore
  /** Last input records that are in it; empty when not known. */
  position(): Position
}

/** The stores behind a query now, one per local partition. @throws {MR_RUNTIME_STORE_UNAVAILABLE} */
export type AnsweringStores = () => readonly AnsweringStore[]

/** Rows between two turns of the event loop. */
const rowsPerTurn = 256

/** The store behind a face. */
export interface ViewedStore {
  readonly name: string
  readonly type: QueryableStoreType
  /** True: the rows carry more than the face shows, so only `value` is shown of each. */
  readonly unwraps: boolean
}

/** Makes the face for a kind of store. `yieldTurn` lets the stream loop go on during long listings. */
export function storeView(store: ViewedStore, stores: AnsweringStores, yieldTurn: () => Promise<void>): QueriedStore {
  const asked = new AskedStores(store, stores, yieldTurn)
  switch (store.type) {
    case 'window':
    case 'timestamped-window':
    case 'headers-window':
      return windowView(asked)
    case 'session':
      return sessionView(asked)
    case 'versioned':
      return versionedView(asked)
    case 'key-value':
    case 'timestamped-key-value':
    case 'headers-key-value':
      return keyValueView(asked)
  }
}

type KeyValues = ReadOnlyKeyValueStore<unknown, unknown>
type Windows = ReadOnlyWindowStore<unknown, unknown>
type Sessions = ReadOnlySessionStore<unknown, unknown>
type Versions = VersionedKeyValueStore<unknown, unknown>

/** The stores of one query, read one after the other. */
class AskedStores {
  readonly #store: ViewedStore
  readonly #stores: AnsweringStores
  readonly #yieldTurn: () => Promise<void>

  constructor(store: ViewedStore, stores: AnsweringStores, yieldTurn: () => Promise<void>) {
    this.#store = store
    this.#stores = stores
    this.#yieldTurn = yieldTurn
  }

  get face(): QueriedStore {
    return { name: this.#store.name, position: async () => joined(this.#stores()) }
  }

  /** The first answer. */
  async first<S extends StateStore, R>(read: (live: S) => R | null): Promise<R | null> {
    for (const { view } of this.#stores()) {
      const found = read(view as S)
      if (found !== null) return this.#store.unwraps ? ((found as { readonly value: unknown }).value as R) : found
    }
    return null
  }

  async sum<S extends StateStore>(count: (live: S) => number): Promise<number> {
    return this.#stores().reduce((total, { view }) => total + count(view as S), 0)
  }

  rows<S extends StateStore, K, V>(list: (live: S) => Iterable<KeyValue<K, V>>): AsyncIterable<KeyValue<K, V>> {
    return { [Symbol.asyncIterator]: () => this.#iterate(list as (live: StateStore) => Iterable<KeyValue<K, V>>) }
  }

  /**
   * Rows of all local partitions, one after the other. A partition is listed into memory at once, because an iterator
   * would have to stay open while the stream loop writes; it is handed out with turns of the event loop in between.
   */
  async *#iterate<K, V>(
    list: (live: StateStore) => Iterable<KeyValue<K, V>>,
  ): AsyncGenerator<KeyValue<K, V>, void, undefined> {
    for (const { view } of this.#stores()) {
      if (!view.isOpen) continue
      const rows = [...list(view)]
      for (const [i, row] of rows.entries()) {
        if (i > 0 && i % rowsPerTurn === 0) await this.#yieldTurn()
        yield this.#store.unwraps ? { key: row.key, value: (row.value as { readonly value: V }).value } : row
      }
    }
  }
}

function keyValueView(asked: AskedStores): KeyValueView<unknown, unknown> {
  return {
    ...asked.face,
    get: async (key) => asked.first((live: KeyValues) => live.get(key)),
    range: (from, to) => asked.rows((live: KeyValues) => live.range(from, to)),
    reverseRange: (from, to) => asked.rows((live: KeyValues) => live.reverseRange(from, to)),
    prefix: (prefix) => asked.rows((live: KeyValues) => live.prefixScan(prefix)),
    all: () => asked.rows((live: KeyValues) => live.all()),
    reverseAll: () => asked.rows((live: KeyValues) => live.reverseAll()),
    approximateCount: async () => asked.sum((live: KeyValues) => live.approximateCount()),
  }
}

function windowView(asked: AskedStores): WindowView<unknown, unknown> {
  return {
    ...asked.face,
    get: async (key, startMs) => asked.first((live: Windows) => live.fetchOne(key, startMs)),
    fetch: (key, fromMs, toMs) => asked.rows((live: Windows) => live.fetch(key, fromMs, toMs)),
    backwardFetch: (key, fromMs, toMs) => asked.rows((live: Windows) => live.backwardFetch(key, fromMs, toMs)),
    fetchKeys: (from, to, { fromMs, toMs }) => asked.rows((live: Windows) => live.fetchKeys(from, to, fromMs, toMs)),
    backwardFetchKeys: (from, to, { fromMs, toMs }) =>
      asked.rows((live: Windows) => live.backwardFetchKeys(from, to, fromMs, toMs)),
    fetchAll: (fromMs, toMs) => asked.rows((live: Windows) => live.fetchAll(fromMs, toMs)),
    backwardFetchAll: (fromMs, toMs) => asked.rows((live: Windows) => live.backwardFetchAll(fromMs, toMs)),
    all: () => asked.rows((live: Windows) => live.all()),
    backwardAll: () => asked.rows((live: Windows) => live.backwardAll()),
  }
}

function sessionView(asked: AskedStores): SessionView<unknown, unknown> {
  return {
    ...asked.face,
    get: async (key, startMs, endMs) => asked.first((live: Sessions) => live.fetchSession(key, startMs, endMs)),
    fetch: (key) => asked.rows((live: Sessions) => live.fetch(key)),
    backwardFetch: (key) => asked.rows((live: Sessions) => live.backwardFetch(key)),
    fetchKeys: (from, to) => asked.rows((live: Sessions) => live.fetchKeys(from, to)),
    backwardFetchKeys: (from, to) => asked.rows((live: Sessions) => live.backwardFetchKeys(from, to)),
    findSessions: (key, earliestEndMs, latestStartMs) =>
      asked.rows((live: Sessions) => live.findSessions(key, earliestEndMs, latestStartMs)),
    backwardFindSessions: (key, earliestEndMs, latestStartMs) =>
      asked.rows((live: Sessions) => live.backwardFindSessions(key, earliestEndMs, latestStartMs)),
    findSessionsKeys: (from, to, { earliestEndMs, latestStartMs }) =>
      asked.rows((live: Sessions) => live.findSessionsKeys(from, to, earliestEndMs, latestStartMs)),
  }
}

function versionedView(asked: AskedStores): VersionedView<unknown, unknown> {
  return {
    ...asked.face,
    get: async (key, asOf) => asked.first((live: Versions) => live.get(key, asOf)),
    history: () => asked.rows((live: Versions) => live.history()),
  }
}

/** Positions of several partitions as one. */
function joined(stores: readonly AnsweringStore[]): Position {
  const all: Record<string, Record<number, number>> = {}
  for (const store of stores) {
    for (const [topic, partitions] of Object.entries(store.position())) Object.assign((all[topic] ??= {}), partitions)
  }
  return all
}
