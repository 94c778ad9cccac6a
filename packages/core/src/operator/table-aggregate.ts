/**
 * Aggregates of a grouped table: each change takes the old value of a row out of its group and puts the new one in.
 *
 * Both halves of one record make one update of the store, subtract before add. The result's time is the greater of the
 * record's and the row's. A null aggregate deletes the row; the next value begins again with `init`.
 */
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import type { StreamRecord } from '../record/record.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import type { Aggregator, Initializer, Reducer } from './functions.ts'
import { openTableStore, putLatest, putRejected, type TableStore } from './table-store.ts'
import type { TableSupplier } from './table-supplier.ts'
import { storedTable, type TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What an aggregate of a grouped table is made of. */
export interface TableAggregateOptions<K, V, Agg> {
  readonly store: string
  readonly init: Initializer<Agg>
  readonly add: Aggregator<K, V, Agg>
  readonly subtract: Aggregator<K, V, Agg>
}

/** What a reduction of a grouped table is made of. The first value of a group is stored as it is. */
export interface TableReduceOptions<K, V> {
  readonly store: string
  readonly add: Reducer<K, V>
  readonly subtract: Reducer<K, V>
}

/**
 * Supplier of the node of `aggregate` of a grouped table. Takes `StreamRecord<K, Change<V>>` from the repartition
 * topic.
 *
 * @throws {MR_OPERATOR_NULL_KEY} (RecordError, while processing) a null key
 * @see Kafka Streams `KTableAggregate`
 * @example
 * run(
 *   ({ users }) =>
 *     users
 *       .groupBy((name) => [name.slice(0, 1), name.length], { key: string(), value: int64() })
 *       .aggregate({ init: () => 0, add: (sum, length) => sum + length, subtract: (sum, length) => sum - length }),
 *   ['users', 'u1', 'Ada'],
 *   ['users', 'u2', 'Anna'],
 *   ['users', 'u1', null],
 * )
 * // → [["A",3],["A",7],["A",4]]
 */
export function aggregateTable<K, V, Agg>(options: TableAggregateOptions<K, V, Agg>): TableSupplier<K, Agg> {
  return new AggregateSupplier<K, V, Agg>(options.store, 'aggregate', new InitialisedGroup(options))
}

/**
 * Supplier of the node of `reduce` of a grouped table.
 *
 * @throws {MR_OPERATOR_NULL_KEY} (RecordError, while processing) a null key
 * @see Kafka Streams `KTableReduce`
 * @example
 * run(
 *   ({ users }) =>
 *     users
 *       .groupBy((name) => [name.slice(0, 1), name.length], { key: string(), value: int64() })
 *       .reduce({ add: (one, two) => one + two, subtract: (one, two) => one - two }),
 *   ['users', 'u1', 'Ada'],
 *   ['users', 'u2', 'Anna'],
 * )
 * // → [["A",3],["A",7]]
 */
export function reduceTable<K, V>(options: TableReduceOptions<K, V>): TableSupplier<K, V> {
  return new AggregateSupplier<K, V, V>(options.store, 'reduce', new ReducedGroup(options))
}

/**
 * Supplier of the node of `count` of a grouped table.
 *
 * Errors: as for `aggregateTable`.
 *
 * @see Kafka Streams `KTableAggregate` (`count`)
 * @example
 * run(
 *   ({ cities }) => cities.groupBy((city, user) => [city, user], { key: string(), value: string() }).count(),
 *   ['cities', 'ada', 'London'],
 *   ['cities', 'ada', 'Paris'],
 * )
 * // → [["London",1],["London",0],["Paris",1]]
 */
export function countTable<K, V>(store: string): TableSupplier<K, number> {
  return aggregateTable<K, V, number>({
    store,
    init: () => 0,
    add: (count) => count + 1,
    subtract: (count) => count - 1,
  })
}

/** How an aggregate takes values in and out; a null aggregate is a group without a row. */
interface Group<K, V, Agg> {
  add(aggregate: Agg | null, value: V, key: K, context: OperatorContext<never, never>): Agg | null
  subtract(aggregate: Agg, value: V, key: K, context: OperatorContext<never, never>): Agg | null
  /** Whether adding to a group whose row just became null still counts as an update of that row's time. */
  readonly keepsTimeOfEmptied: boolean
}

class InitialisedGroup<K, V, Agg> implements Group<K, V, Agg> {
  readonly keepsTimeOfEmptied = true
  private readonly options: TableAggregateOptions<K, V, Agg>

  constructor(options: TableAggregateOptions<K, V, Agg>) {
    this.options = options
  }

  add(aggregate: Agg | null, value: V, key: K, context: OperatorContext<never, never>): Agg | null {
    const { add, init } = this.options
    const before = aggregate === null ? init() : aggregate
    if (before === undefined) throw undefinedResult('aggregate (init)', key, this.options.store)
    return add(before, value, key, context.recordContext)
  }

  subtract(aggregate: Agg, value: V, key: K, context: OperatorContext<never, never>): Agg | null {
    const { subtract } = this.options
    return subtract(aggregate, value, key, context.recordContext)
  }
}

class ReducedGroup<K, V> implements Group<K, V, V> {
  readonly keepsTimeOfEmptied = false
  private readonly options: TableReduceOptions<K, V>

  constructor(options: TableReduceOptions<K, V>) {
    this.options = options
  }

  add(aggregate: V | null, value: V, key: K, context: OperatorContext<never, never>): V | null {
    const { add } = this.options
    return aggregate === null ? value : add(aggregate, value, key, context.recordContext)
  }

  subtract(aggregate: V, value: V, key: K, context: OperatorContext<never, never>): V | null {
    const { subtract } = this.options
    return subtract(aggregate, value, key, context.recordContext)
  }
}

class AggregateSupplier<K, V, Agg> implements TableSupplier<K, Agg> {
  private sendOldValues = false
  private readonly store: string
  private readonly operator: string
  private readonly group: Group<K, V, Agg>

  constructor(store: string, operator: string, group: Group<K, V, Agg>) {
    this.store = store
    this.operator = operator
    this.group = group
  }

  enableSendOldValues(): boolean {
    this.sendOldValues = true
    return true
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, Agg> {
    return storedTable(this.store)
  }

  create(): Processor<K, Change<V>, K, Change<Agg>> {
    return new AggregateTable(this.store, this.operator, { group: this.group, sendOldValues: this.sendOldValues })
  }
}

class AggregateTable<K, V, Agg> implements Processor<K, Change<V>, K, Change<Agg>> {
  private readonly storeName: string
  private readonly operator: string
  private readonly group: Group<K, V, Agg>
  private readonly sendOldValues: boolean
  private context!: OperatorContext<K, Change<Agg>>
  private store!: TableStore<K, Agg>
  private forwarder!: ChangeForwarder<K, Agg>

  constructor(
    storeName: string,
    operator: string,
    settings: { readonly group: Group<K, V, Agg>; readonly sendOldValues: boolean },
  ) {
    this.storeName = storeName
    this.operator = operator
    this.group = settings.group
    this.sendOldValues = settings.sendOldValues
  }

  init(context: ProcessorContext<K, Change<Agg>>): void {
    this.context = context as OperatorContext<K, Change<Agg>>
    this.store = openTableStore<K, Agg>(this.context, this.storeName)
    this.forwarder = ChangeForwarder.timestamped(this.context, this.storeName, this.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: update, headers } = record
    if (key === null || key === undefined)
      throw new RecordError('MR_OPERATOR_NULL_KEY', { operator: `${this.operator} of a table`, store: this.storeName })
    const row = this.store.get(key)
    const oldAgg = row === null ? null : row.value
    let aggregate: Agg | null = oldAgg
    let touchesRow = false
    if (update.oldValue !== null && oldAgg !== null) {
      aggregate = this.group.subtract(oldAgg, update.oldValue, key, this.context)
      if (aggregate === undefined) throw undefinedResult(`${this.operator} (subtract)`, key, this.storeName)
      touchesRow = true
    }
    if (update.newValue !== null) {
      touchesRow ||= this.group.keepsTimeOfEmptied || aggregate !== null
      aggregate = this.group.add(aggregate, update.newValue, key, this.context)
      if (aggregate === undefined) throw undefinedResult(`${this.operator} (add)`, key, this.storeName)
    }
    const timestampMs = row !== null && touchesRow ? Math.max(record.timestampMs, row.timestampMs) : record.timestampMs
    const code = this.store.put(key, aggregate, timestampMs)
    if (code === putRejected || this.forwarder.isCached) return
    const sent = change(aggregate, this.sendOldValues ? oldAgg : null, code === putLatest)
    this.forwarder.forward(key, sent, timestampMs, headers)
  }
}
