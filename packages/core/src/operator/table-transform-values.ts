/**
 * A table whose values come from a transformer of the user that may keep state of its own.
 *
 * Unlike `mapValues` it also sees deletions (null). Where the result has no store, rows are transformed again for every
 * look-up, by a transformer of the looking node's own.
 */
import type { OperatorContext, Processor, ProcessorContext, TaskContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { noHeaders } from '../record/headers.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { DerivedGetter, derivedTable } from './derived-table.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableParent, TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetter, type TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** Transforms values of a table; one instance per task. It cannot forward. */
export interface ValueTransformer<K, V, VOut> {
  init?(context: TaskContext): void
  /** Null in: the row is deleted. Null out: the result has no row. */
  transform(value: V | null, key: K): VOut | null
  close?(): void
}

/** What a transformed table is made of. */
export interface TableTransformValuesOptions<K, V, VOut> {
  readonly parent: TableParent<K, V>
  readonly transformer: () => ValueTransformer<K, V, VOut>
  /** Name of the store of the result; null = none. */
  readonly store: string | null
}

/**
 * Supplier of the node of `transformValues` of a table.
 *
 * Errors: what the transformer throws goes to the processing handler.
 *
 * @see Kafka Streams `KTableTransformValues`; KIP-292
 * @example
 * const transformer = { create: () => ({ transform: (name: string | null) => name?.toUpperCase() ?? null }) }
 * run(({ users }) => users.transformValues(transformer), ['users', 'u1', 'Ada'])
 * // → [["u1","ADA"]]
 */
export function transformTableValues<K, V, VOut>(
  options: TableTransformValuesOptions<K, V, VOut>,
): TableSupplier<K, VOut> {
  return new TransformValuesSupplier(options)
}

class TransformValuesSupplier<K, V, VOut> implements TableSupplier<K, VOut> {
  private sendOldValues = false
  private readonly options: TableTransformValuesOptions<K, V, VOut>

  constructor(options: TableTransformValuesOptions<K, V, VOut>) {
    this.options = options
  }

  enableSendOldValues(forceMaterialization: boolean): boolean {
    if (this.options.store !== null || this.options.parent.enableSendOldValues(forceMaterialization))
      this.sendOldValues = true
    return this.sendOldValues
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, VOut> {
    const { store, parent, transformer } = this.options
    if (store !== null) return storedTable(store)
    return derivedTable(parent.valueGetterSupplier(), (getter) => new TransformGetter(getter, transformer()))
  }

  create(): Processor<K, Change<V>, K, Change<VOut>> {
    return new TransformTableValues(this.options.transformer(), this.options.store, this.sendOldValues)
  }
}

class TransformTableValues<K, V, VOut> implements Processor<K, Change<V>, K, Change<VOut>> {
  private readonly transformer: ValueTransformer<K, V, VOut>
  private readonly storeName: string | null
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<VOut>>
  private store: TableStore<K, VOut> | null = null
  private forwarder: ChangeForwarder<K, VOut> | null = null

  constructor(transformer: ValueTransformer<K, V, VOut>, storeName: string | null, sendOldValues: boolean) {
    this.transformer = transformer
    this.storeName = storeName
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<K, Change<VOut>>): void {
    this.context = context as OperatorContext<K, Change<VOut>>
    this.transformer.init?.(context)
    if (this.storeName === null) return
    this.store = openTableStore<K, VOut>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, timestampMs, headers } = record
    const newValue = this.transformer.transform(record.value.newValue, key)
    if (newValue === undefined) throw undefinedResult('transformValues', key, this.storeName)
    if (this.store === null || this.forwarder === null) {
      const oldValue = this.sendOldValues ? this.transformer.transform(record.value.oldValue, key) : null
      if (oldValue === undefined) throw undefinedResult('transformValues', key)
      const update = change(newValue, oldValue, record.value.isLatest)
      this.context.forward(makeRecord(key, update, timestampMs, headers))
      return
    }
    const row = this.sendOldValues ? this.store.get(key) : null
    const code = this.store.put(key, newValue, timestampMs)
    if (code === putRejected) return
    const update = change(newValue, row === null ? null : row.value, code === putLatest)
    this.forwarder.forward(key, update, timestampMs, headers)
  }

  close(): void {
    this.transformer.close?.()
  }
}

class TransformGetter<K, V, VOut> extends DerivedGetter<K, V, VOut> {
  private readonly transformer: ValueTransformer<K, V, VOut>

  constructor(parent: TableValueGetter<K, V>, transformer: ValueTransformer<K, V, VOut>) {
    super(parent)
    this.transformer = transformer
  }

  override init(context: OperatorContext<never, never>): void {
    super.init(context)
    this.transformer.init?.(context)
  }

  override close(): void {
    super.close()
    this.transformer.close?.()
  }

  /** The record that made the row is not known here, only its time: the transformer sees a context without origin. */
  protected override derive(key: K, row: ValueAndTimestamp<V> | null): ValueAndTimestamp<VOut> | null {
    const timestampMs = row === null ? -1 : row.timestampMs
    const origin = { timestampMs, headers: noHeaders, topic: null, partition: -1, offset: -1 }
    let value: VOut | null = null
    this.context.withRecordContext(origin, () => {
      value = this.transformer.transform(row === null ? null : row.value, key)
    })
    return value === null ? null : { value, timestampMs }
  }
}
