/**
 * Rows of a table that satisfy a predicate. A row that does not, or no longer does, is a deletion for whoever is below.
 *
 * When old values are at hand, a deletion of a row that never passed is left out; without them every change of such a
 * row goes on as a deletion. Above a versioned table all of them go on, because an older version may have passed
 * (KIP-914).
 */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext, RecordContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { DerivedGetter, derivedTable } from './derived-table.ts'
import type { Predicate } from './functions.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableParent, TableSupplier, VersionedAware } from './table-supplier.ts'
import { storedTable, type TableValueGetter, type TableValueGetterSupplier } from './table-value-getter.ts'

/** What a filtered table is made of. */
export interface TableFilterOptions<K, V> {
  readonly parent: TableParent<K, V>
  /** Never sees null values. */
  readonly predicate: Predicate<K, V>
  /** True: rows for which the predicate does not hold (`filterNot`). */
  readonly negate?: boolean
  /** Name of the store of the result; null = none, rows are computed from those of the parent. */
  readonly store: string | null
}

/**
 * Supplier of the node of `filter` and `filterNot` of a table. Asks the parent for old values if it has a store.
 *
 * Errors: what the predicate throws goes to the processing handler.
 *
 * @see Kafka Streams `KTableFilter`
 * @example
 * run(({ users }) => users.filter((name) => name !== 'nobody'), ['users', 'u1', 'Ada'], ['users', 'u1', 'nobody'])
 * // → [["u1","Ada"],["u1",null]]
 */
export function filterTable<K, V>(options: TableFilterOptions<K, V>): TableSupplier<K, V> & VersionedAware {
  requireFunction('filter', options.predicate)
  return new FilterSupplier(options)
}

class FilterSupplier<K, V> implements TableSupplier<K, V>, VersionedAware {
  useVersionedSemantics = false
  private sendOldValues: boolean
  private readonly options: TableFilterOptions<K, V>

  constructor(options: TableFilterOptions<K, V>) {
    this.options = options
    this.sendOldValues = options.parent.enableSendOldValues(false)
  }

  enableSendOldValues(forceMaterialization: boolean): boolean {
    if (this.options.store !== null || this.options.parent.enableSendOldValues(forceMaterialization))
      this.sendOldValues = true
    return this.sendOldValues
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, V> {
    const { store, parent, predicate } = this.options
    if (store !== null) return storedTable(store)
    const negate = this.options.negate ?? false
    return derivedTable(parent.valueGetterSupplier(), (getter) => new FilterGetter(getter, predicate, negate))
  }

  create(): Processor<K, Change<V>, K, Change<V>> {
    const { predicate, store } = this.options
    const negate = this.options.negate ?? false
    const settings = {
      sendOldValues: this.sendOldValues,
      skipsEmpty: this.sendOldValues && !this.useVersionedSemantics,
    }
    return new FilterTable(predicate, negate, { ...settings, store })
  }
}

interface FilterSettings {
  readonly sendOldValues: boolean
  readonly skipsEmpty: boolean
  readonly store: string | null
}

class FilterTable<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  private readonly predicate: Predicate<K, V>
  private readonly negate: boolean
  private readonly settings: FilterSettings
  private context!: OperatorContext<K, Change<V>>
  private store: TableStore<K, V> | null = null
  private forwarder: ChangeForwarder<K, V> | null = null

  constructor(predicate: Predicate<K, V>, negate: boolean, settings: FilterSettings) {
    this.predicate = predicate
    this.negate = negate
    this.settings = settings
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    this.context = context as OperatorContext<K, Change<V>>
    const { store, sendOldValues } = this.settings
    if (store === null) return
    this.store = openTableStore<K, V>(this.context, store)
    this.forwarder = ChangeForwarder.timestamped(this.context, store, sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, timestampMs, headers } = record
    const newValue = this.passing(key, record.value.newValue)
    const oldValue = this.oldValue(key, record.value)
    if (this.settings.skipsEmpty && oldValue === null && newValue === null) return
    if (this.store === null || this.forwarder === null) {
      const update = change(newValue, oldValue, record.value.isLatest)
      this.context.forward(makeRecord(key, update, timestampMs, headers))
      return
    }
    const code = this.store.put(key, newValue, timestampMs)
    if (code === putRejected) return
    this.forwarder.forward(key, change(newValue, oldValue, code === putLatest), timestampMs, headers)
  }

  private oldValue(key: K, update: Change<V>): V | null {
    if (!this.settings.sendOldValues) return null
    if (this.store === null) return this.passing(key, update.oldValue)
    const row = this.store.get(key)
    return row === null ? null : row.value
  }

  private passing(key: K, value: V | null): V | null {
    if (value === null) return null
    return passes(this.predicate, this.negate, value, key, this.context.recordContext) ? value : null
  }
}

class FilterGetter<K, V> extends DerivedGetter<K, V, V> {
  private readonly predicate: Predicate<K, V>
  private readonly negate: boolean

  constructor(parent: TableValueGetter<K, V>, predicate: Predicate<K, V>, negate: boolean) {
    super(parent)
    this.predicate = predicate
    this.negate = negate
  }

  protected override derive(key: K, row: ValueAndTimestamp<V> | null): ValueAndTimestamp<V> | null {
    if (row === null) return null
    return passes(this.predicate, this.negate, row.value, key, this.context.recordContext) ? row : null
  }
}

function passes<K, V>(predicate: Predicate<K, V>, negate: boolean, value: V, key: K, context: RecordContext): boolean {
  return predicate(value, key, context) ? !negate : negate
}
