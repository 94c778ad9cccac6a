/** A table with every value mapped. Deletions pass as deletions, the mapper never sees null. */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { DerivedGetter, derivedTable } from './derived-table.ts'
import type { ValueMapper } from './functions.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableParent, TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetter, type TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What a table of mapped values is made of. */
export interface TableMapValuesOptions<K, V, VOut> {
  readonly parent: TableParent<K, V>
  /** Called once per new value, again for the old one when somebody below wants it and the result has no store. */
  readonly mapper: ValueMapper<K, V, VOut | null>
  /** Name of the store of the result; null = none, rows are computed from those of the parent. */
  readonly store: string | null
}

/**
 * Supplier of the node of `mapValues` of a table.
 *
 * Errors: what the mapper throws goes to the processing handler.
 *
 * @see Kafka Streams `KTableMapValues`
 * @example
 * run(({ users }) => users.mapValues((name) => name.length), ['users', 'u1', 'Ada'], ['users', 'u1', null])
 * // → [["u1",3],["u1",null]]
 */
export function mapTableValues<K, V, VOut>(options: TableMapValuesOptions<K, V, VOut>): TableSupplier<K, VOut> {
  requireFunction('mapValues', options.mapper)
  return new MapValuesSupplier(options)
}

class MapValuesSupplier<K, V, VOut> implements TableSupplier<K, VOut> {
  private sendOldValues = false
  private readonly options: TableMapValuesOptions<K, V, VOut>

  constructor(options: TableMapValuesOptions<K, V, VOut>) {
    this.options = options
  }

  enableSendOldValues(forceMaterialization: boolean): boolean {
    if (this.options.store !== null || this.options.parent.enableSendOldValues(forceMaterialization))
      this.sendOldValues = true
    return this.sendOldValues
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, VOut> {
    const { store, parent, mapper } = this.options
    if (store !== null) return storedTable(store)
    return derivedTable(parent.valueGetterSupplier(), (getter) => new MapValuesGetter(getter, mapper))
  }

  create(): Processor<K, Change<V>, K, Change<VOut>> {
    return new MapTableValues(this.options.mapper, this.options.store, this.sendOldValues)
  }
}

class MapTableValues<K, V, VOut> implements Processor<K, Change<V>, K, Change<VOut>> {
  private readonly mapper: ValueMapper<K, V, VOut | null>
  private readonly storeName: string | null
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<VOut>>
  private store: TableStore<K, VOut> | null = null
  private forwarder: ChangeForwarder<K, VOut> | null = null

  constructor(mapper: ValueMapper<K, V, VOut | null>, storeName: string | null, sendOldValues: boolean) {
    this.mapper = mapper
    this.storeName = storeName
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<K, Change<VOut>>): void {
    this.context = context as OperatorContext<K, Change<VOut>>
    if (this.storeName === null) return
    this.store = openTableStore<K, VOut>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, timestampMs, headers } = record
    const newValue = this.mapped(key, record.value.newValue)
    const oldValue = this.oldValue(key, record.value)
    if (this.store === null || this.forwarder === null) {
      const update = change(newValue, oldValue, record.value.isLatest)
      this.context.forward(makeRecord(key, update, timestampMs, headers))
      return
    }
    const code = this.store.put(key, newValue, timestampMs)
    if (code === putRejected) return
    this.forwarder.forward(key, change(newValue, oldValue, code === putLatest), timestampMs, headers)
  }

  private oldValue(key: K, update: Change<V>): VOut | null {
    if (!this.sendOldValues) return null
    if (this.store === null) return this.mapped(key, update.oldValue)
    const row = this.store.get(key)
    return row === null ? null : row.value
  }

  private mapped(key: K, value: V | null): VOut | null {
    const mapper = this.mapper
    if (value === null) return null
    const result = mapper(value, key, this.context.recordContext)
    if (result === undefined) throw undefinedResult('mapValues of a table', key, this.storeName)
    return result
  }
}

class MapValuesGetter<K, V, VOut> extends DerivedGetter<K, V, VOut> {
  private readonly mapper: ValueMapper<K, V, VOut | null>

  constructor(parent: TableValueGetter<K, V>, mapper: ValueMapper<K, V, VOut | null>) {
    super(parent)
    this.mapper = mapper
  }

  protected override derive(key: K, row: ValueAndTimestamp<V> | null): ValueAndTimestamp<VOut> | null {
    if (row === null) return null
    const mapper = this.mapper
    const value = mapper(row.value, key, this.context.recordContext)
    if (value === undefined) throw undefinedResult('mapValues of a table', key)
    return value === null ? null : { value, timestampMs: row.timestampMs }
  }
}
