/**
 * Un-windowed aggregates of a grouped stream: one row per key, always stored.
 *
 * Records with a null key or value are dropped and counted. The result's time is the greatest of its inputs. A null
 * aggregate deletes the row; the next record begins again with `init`. On the hot path nothing is allocated but the row
 * that is put and, when the store does not cache, the change that is forwarded.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import type { StreamRecord } from '../record/record.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import type { Aggregator, Initializer, Reducer } from './functions.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What an aggregate of a grouped stream is made of. Inputs of a cogroup share `store` and `init`. */
export interface StreamAggregateOptions<K, V, Agg> {
  readonly store: string
  readonly init: Initializer<Agg>
  readonly add: Aggregator<K, V, Agg>
}

/**
 * Supplier of the node of `aggregate` of a grouped stream, and of each input of a cogroup.
 *
 * Units: the time of a result is the greatest of its inputs, ms. Errors: what `init` or `add` throws goes to the
 * processing handler.
 *
 * @see Kafka Streams `KStreamAggregate`
 * @example
 * run(
 *   ({ numbers }) => numbers.groupByKey().aggregate({ init: () => 0, add: (sum, value) => sum + value }),
 *   ['numbers', 'a', 1],
 *   ['numbers', 'a', 2],
 * )
 * // → [["a",1],["a",3]]
 */
export function aggregateStream<K, V, Agg>(options: StreamAggregateOptions<K, V, Agg>): TableSupplier<K, Agg> {
  const { store, init, add } = options
  return new AggregateSupplier<K, V, Agg>(store, init, add)
}

/**
 * Supplier of the node of `reduce` of a grouped stream: the first value of a key is stored without calling the reducer.
 *
 * Units: as for `aggregateStream`. Errors: what the reducer throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamReduce`
 * @example
 * run(({ numbers }) => numbers.groupByKey().reduce((one, two) => Math.max(one, two)), ['numbers', 'a', 3], ['numbers', 'a', 2])
 * // → [["a",3],["a",3]]
 */
export function reduceStream<K, V>(options: {
  readonly store: string
  readonly reducer: Reducer<K, V>
}): TableSupplier<K, V> {
  return new AggregateSupplier<K, V, V>(options.store, null, options.reducer)
}

/**
 * Supplier of the node of `count` of a grouped stream.
 *
 * Units: as for `aggregateStream`. Errors: none.
 *
 * @see Kafka Streams `KStreamAggregate` (`count`)
 * @example
 * run(({ texts }) => texts.groupBy((word) => word).count(), ['texts', 'k', 'be'], ['texts', 'k', 'be'])
 * // → [["be",1],["be",2]]
 */
export function countStream<K, V>(store: string): TableSupplier<K, number> {
  return new AggregateSupplier<K, V, number>(store, zero, increment)
}

function zero(): number {
  return 0
}

function increment(count: number): number {
  return count + 1
}

class AggregateSupplier<K, V, Agg> implements TableSupplier<K, Agg> {
  private sendOldValues = false
  private readonly store: string
  private readonly init: Initializer<Agg> | null
  private readonly add: Aggregator<K, V, Agg>

  constructor(store: string, init: Initializer<Agg> | null, add: Aggregator<K, V, Agg>) {
    this.store = store
    this.init = init
    this.add = add
  }

  enableSendOldValues(): boolean {
    this.sendOldValues = true
    return true
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, Agg> {
    return storedTable(this.store)
  }

  create(): Processor<K, V, K, Change<Agg>> {
    return new AggregateStream(this.init, this.add, { store: this.store, sendOldValues: this.sendOldValues })
  }
}

class AggregateStream<K, V, Agg> implements Processor<K, V, K, Change<Agg>> {
  /** Null: a reduction, whose first value is the aggregate. */
  private readonly initializer: Initializer<Agg> | null
  private readonly add: Aggregator<K, V, Agg>
  private readonly storeName: string
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<Agg>>
  private store!: TableStore<K, Agg>
  private forwarder!: ChangeForwarder<K, Agg>

  constructor(
    initializer: Initializer<Agg> | null,
    add: Aggregator<K, V, Agg>,
    settings: { readonly store: string; readonly sendOldValues: boolean },
  ) {
    this.initializer = initializer
    this.add = add
    this.storeName = settings.store
    this.sendOldValues = settings.sendOldValues
  }

  init(context: ProcessorContext<K, Change<Agg>>): void {
    this.context = context as OperatorContext<K, Change<Agg>>
    this.store = openTableStore<K, Agg>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value } = record
    if (key === null || key === undefined || value === null || value === undefined) {
      this.context.droppedRecord('null key or value')
      return
    }
    const row = this.store.get(key)
    // As in Kafka, what a first value replaces is the initial aggregate, and that is the old value downstream sees.
    const before = row === null ? this.initial(key) : row.value
    const aggregate = row === null && this.initializer === null ? (value as unknown as Agg) : this.after(before, record)
    const timestampMs = row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)
    const code = this.store.put(key, aggregate, timestampMs)
    if (code === putRejected || this.forwarder.isCached) return
    const update = change(aggregate, this.sendOldValues ? before : null, code === putLatest)
    this.forwarder.forward(key, update, timestampMs, record.headers)
  }

  private initial(key: K): Agg | null {
    const initializer = this.initializer
    if (initializer === null) return null
    const initial = initializer()
    if (initial === undefined) throw undefinedResult('aggregate (init)', key, this.storeName)
    return initial
  }

  private after(before: Agg | null, record: StreamRecord<K, V>): Agg | null {
    const add = this.add
    const after = add(before as Agg, record.value, record.key, this.context.recordContext)
    if (after !== undefined) return after
    throw undefinedResult(this.initializer === null ? 'reduce' : 'aggregate (add)', record.key, this.storeName)
  }
}
