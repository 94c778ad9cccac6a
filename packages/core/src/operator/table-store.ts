/**
 * One face for the three kinds of key-value stores that can hold a table: timestamped, with headers, versioned.
 *
 * Operators put `(key, value, timestamp)` and learn whether the row is now the latest. Headers are never stored by the
 * DSL: stores that can hold them fill in empty ones (Kafka 4.3).
 */
import type { OperatorContext } from '../processor/processor.ts'
import {
  type KeyValueStore,
  putLatest,
  putRejected,
  type StateStore,
  type ValueAndTimestamp,
  type VersionedKeyValueStore,
} from '../store/store.ts'

/** The store of a table, whatever its kind. */
export interface TableStore<K, V> {
  readonly name: string
  readonly isVersioned: boolean
  get(key: K): ValueAndTimestamp<V> | null
  /** Versioned stores only; others answer the current row. */
  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<V> | null
  /**
   * Null deletes.
   * @returns `putLatest` when the row is now the latest, `putRejected` when nothing was put, else the time of the next
   * version
   */
  put(key: K, value: V | null, timestampMs: number): number
}

export { putLatest, putRejected }

/** Opens the store of a table inside a task. */
export function openTableStore<K, V>(context: OperatorContext<never, never>, name: string): TableStore<K, V> {
  const store = context.getStateStore<StateStore>(name)
  if (isVersioned<K, V>(store)) return new VersionedTableStore<K, V>(store)
  return new TimestampedTableStore<K, V>(store as KeyValueStore<K, ValueAndTimestamp<V>>)
}

function isVersioned<K, V>(store: StateStore): store is VersionedKeyValueStore<K, V> {
  return typeof (store as Partial<VersionedKeyValueStore<K, V>>).history === 'function'
}

class TimestampedTableStore<K, V> implements TableStore<K, V> {
  readonly isVersioned = false
  private readonly store: KeyValueStore<K, ValueAndTimestamp<V>>

  constructor(store: KeyValueStore<K, ValueAndTimestamp<V>>) {
    this.store = store
  }

  get name(): string {
    return this.store.name
  }

  get(key: K): ValueAndTimestamp<V> | null {
    return this.store.get(key)
  }

  getAsOf(key: K): ValueAndTimestamp<V> | null {
    return this.store.get(key)
  }

  put(key: K, value: V | null, timestampMs: number): number {
    this.store.put(key, value === null ? null : { value, timestampMs })
    return putLatest
  }
}

class VersionedTableStore<K, V> implements TableStore<K, V> {
  readonly isVersioned = true
  private readonly store: VersionedKeyValueStore<K, V>

  constructor(store: VersionedKeyValueStore<K, V>) {
    this.store = store
  }

  get name(): string {
    return this.store.name
  }

  get(key: K): ValueAndTimestamp<V> | null {
    return this.store.get(key)
  }

  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<V> | null {
    return this.store.get(key, timestampMs)
  }

  put(key: K, value: V | null, timestampMs: number): number {
    return this.store.put(key, value, timestampMs)
  }
}
