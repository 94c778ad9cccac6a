/**
 * Looking up the current row of a table from another node: what joins do with the other side.
 *
 * A table with a store reads it; a table without one (an unmaterialised filter, mapValues, join) computes its row from
 * the rows of its parents. A supplier says which stores the reading node has to be connected to.
 */
import type { OperatorContext } from '../processor/processor.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { openTableStore, type TableStore } from './table-store.ts'

/** Reads rows of one table inside one task. */
export interface TableValueGetter<K, V> {
  /** Called once by the processor that reads, in its `init`. */
  init(context: OperatorContext<never, never>): void
  /** The current row; null when there is none. */
  get(key: K): ValueAndTimestamp<V> | null
  /** The row as of a time; asked only when `isVersioned`. Null when there was none, or the history is too short. */
  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<V> | null
  /** True after `init` when the row can be read as of a time. */
  readonly isVersioned: boolean
  /** Called once by the reading processor in its `close`. */
  close?(): void
}

/** Makes getters, and names the stores that the reading node must be connected to. */
export interface TableValueGetterSupplier<K, V> {
  readonly storeNames: readonly string[]
  create(): TableValueGetter<K, V>
}

/** Reads rows of a key-value store that holds the table: timestamped, with headers, or versioned. */
export function storedTable<K, V>(store: string): TableValueGetterSupplier<K, V> {
  return { storeNames: [store], create: () => new StoredTableGetter<K, V>(store) }
}

class StoredTableGetter<K, V> implements TableValueGetter<K, V> {
  private readonly name: string
  private store: TableStore<K, V> | null = null

  constructor(name: string) {
    this.name = name
  }

  init(context: OperatorContext<never, never>): void {
    this.store = openTableStore<K, V>(context, this.name)
  }

  get isVersioned(): boolean {
    return this.store?.isVersioned ?? false
  }

  get(key: K): ValueAndTimestamp<V> | null {
    return (this.store as TableStore<K, V>).get(key)
  }

  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<V> | null {
    return (this.store as TableStore<K, V>).getAsOf(key, timestampMs)
  }
}
