/**
 * A topic read as a table: each record replaces the row of its key, a null value deletes it.
 *
 * The table gets a store only when it has a name of its own or somebody below needs rows or old values; without a
 * store updates pass through as changes without old values. Rows are in the order of offsets: an update with an older
 * timestamp still wins, except in a versioned store (KIP-889), which keeps it as an older version. Also the node of
 * `toTable` and of the result of a foreign-key join.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetterSupplier } from './table-value-getter.ts'

/** What a source table is made of. */
export interface TableSourceOptions {
  /** Name of the store, if there will be one. */
  readonly store: string
  /** True: there is a store in any case, because it is named or queried. */
  readonly materialized: boolean
}

/** A source table while the topology is built. Whether it has a store may still change; see `isMaterialized`. */
export interface TableSource<K, V> extends TableSupplier<K, V> {
  readonly store: string
  /** True: the store must be added to the topology and connected to this node. */
  readonly isMaterialized: boolean
  materialize(): void
}

/**
 * Supplier of the node that fills a table.
 *
 * Takes `StreamRecord<K, V | null>`, gives `StreamRecord<K, Change<V>>`. A null key is dropped and counted.
 *
 * Units: a row has the time of its record, ms. Errors: none; a null key is dropped and counted.
 *
 * @see Kafka Streams `KTableSource`
 * @example
 * run(({ users }) => users, ['users', 'u1', 'Ada'], ['users', 'u1', 'Ada Lovelace'], ['users', 'u1', null])
 * // → [["u1","Ada"],["u1","Ada Lovelace"],["u1",null]]
 */
export function tableSource<K, V>(options: TableSourceOptions): TableSource<K, V> {
  return new SourceSupplier(options)
}

class SourceSupplier<K, V> implements TableSource<K, V> {
  readonly store: string
  isMaterialized: boolean
  sendOldValues = false

  constructor(options: TableSourceOptions) {
    this.store = options.store
    this.isMaterialized = options.materialized
  }

  materialize(): void {
    this.isMaterialized = true
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, V> {
    this.isMaterialized = true
    return storedTable(this.store)
  }

  enableSendOldValues(forceMaterialization: boolean): boolean {
    if (!forceMaterialization && !this.isMaterialized) return false
    this.isMaterialized = true
    this.sendOldValues = true
    return true
  }

  create(): Processor<K, V | null, K, Change<V>> {
    return this.isMaterialized
      ? new StoredTableSource<K, V>(this.store, this.sendOldValues)
      : new PassingTableSource<K, V>()
  }
}

/** Without a store: every record is a change without an old value. */
class PassingTableSource<K, V> implements Processor<K, V | null, K, Change<V>> {
  private context!: OperatorContext<K, Change<V>>

  init(context: ProcessorContext<K, Change<V>>): void {
    this.context = context as OperatorContext<K, Change<V>>
  }

  process(record: StreamRecord<K, V | null>): void {
    if (record.key === null || record.key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    this.context.forward(makeRecord(record.key, change<V>(record.value, null), record.timestampMs, record.headers))
  }
}

class StoredTableSource<K, V> implements Processor<K, V | null, K, Change<V>> {
  private readonly storeName: string
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<V>>
  private store!: TableStore<K, V>
  private forwarder!: ChangeForwarder<K, V>

  constructor(storeName: string, sendOldValues: boolean) {
    this.storeName = storeName
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    this.context = context as OperatorContext<K, Change<V>>
    this.store = openTableStore<K, V>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, V | null>): void {
    const { key, value, timestampMs } = record
    if (key === null || key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    const old = this.store.get(key)
    if (old !== null && timestampMs < old.timestampMs) this.warnOutOfOrder(timestampMs, old.timestampMs)
    const code = this.store.put(key, value, timestampMs)
    if (code === putRejected || this.forwarder.isCached) return
    const oldValue = old === null ? null : old.value
    this.forwarder.forward(key, change(value, oldValue, code === putLatest), timestampMs, record.headers)
  }

  private warnOutOfOrder(timestampMs: number, storedMs: number): void {
    this.context.warn?.(
      `Table "${this.storeName}" got an out-of-order update: its row is of ${storedMs}, the update of ${timestampMs}.`,
    )
  }
}
