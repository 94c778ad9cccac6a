/** Where both sides of a join of two tables continue as one table, with a store if the result is named. */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetterSupplier } from './table-value-getter.ts'

/** What the result of a join of two tables is made of. */
export interface JoinMerge<K, V> {
  readonly left: TableSupplier<K, V>
  readonly right: TableSupplier<K, V>
  /** Name of the store of the result; null = none, rows are computed from those of both tables. */
  readonly store: string | null
}

/**
 * Supplier of the node behind both sides of a join.
 *
 * Errors: none.
 *
 * @see Kafka Streams `KTableKTableJoinMerger`
 * @example
 * run(
 *   ({ users, cities }) => users.join(cities, (name, city) => `${name} of ${city}`, { store: 'at-home' }),
 *   ['users', 'u1', 'Ada'],
 *   ['cities', 'u1', 'London'],
 * )
 * // → [["u1","Ada of London"]]
 */
export function mergeJoinedTables<K, V>(options: JoinMerge<K, V>): TableSupplier<K, V> {
  return new MergeSupplier(options)
}

class MergeSupplier<K, V> implements TableSupplier<K, V> {
  private sendOldValues = false
  private readonly options: JoinMerge<K, V>

  constructor(options: JoinMerge<K, V>) {
    this.options = options
  }

  enableSendOldValues(): boolean {
    this.options.left.enableSendOldValues(true)
    this.options.right.enableSendOldValues(true)
    this.sendOldValues = true
    return true
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, V> {
    const { store, left } = this.options
    return store === null ? left.valueGetterSupplier() : storedTable(store)
  }

  create(): Processor<K, Change<V>, K, Change<V>> {
    return new MergeJoinedTables(this.options.store, this.sendOldValues)
  }
}

class MergeJoinedTables<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  private readonly storeName: string | null
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<V>>
  private store: TableStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(storeName: string | null, sendOldValues: boolean) {
    this.storeName = storeName
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    this.context = context as OperatorContext<K, Change<V>>
    if (this.storeName === null) return
    this.store = openTableStore<K, V>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: update, timestampMs, headers } = record
    if (this.store !== null && this.forwarder !== null) {
      const code = this.store.put(key, update.newValue, timestampMs)
      if (code === putRejected || this.forwarder.isCached) return
      const sent = change(update.newValue, update.oldValue, code === putLatest)
      this.forwarder.forward(key, sent, timestampMs, headers)
    } else if (this.sendOldValues || update.oldValue === null) this.context.forward(record)
    else {
      const sent = change<V>(update.newValue, null, update.isLatest)
      this.context.forward(makeRecord(key, sent, timestampMs, headers))
    }
  }
}
