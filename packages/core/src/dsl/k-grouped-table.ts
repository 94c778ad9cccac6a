/**
 * A table grouped by something else than its key. Aggregations follow the table: a changed row is taken out of its old
 * group and put into its new one, so they need `subtract` beside `add`.
 */
import { aggregateTable, countTable, reduceTable } from '../operator/table-aggregate.ts'
import type { TableSupplier } from '../operator/table-supplier.ts'
import type { RecordContext } from '../processor/processor.ts'
import { int64 } from '../serde/int64.ts'
import type { Serde } from '../serde/serde.ts'
import type { TableGrouping } from './grouped-table-state.ts'
import type { KTable } from './k-table.ts'
import { isVersioned, materialize, materializedSpec, requireShape, tableStore } from './materialized.ts'
import type { NullOf, Sync, TableOptions } from './options.ts'
import { tableNode } from './table-node.ts'
import { requireKnown } from '../known-options.ts'
import { tableAggregateOptions, tableOptions, tableReduceOptions } from './option-lists.ts'
import { requireFunctions } from '../operator/required-function.ts'

/** Adds and takes out. Null from either deletes the group's row. */
export interface TableAggregateOptions<K, V, Agg, R> extends TableOptions<K, Agg> {
  init(this: void): Sync<Agg>
  add(this: void, aggregate: Agg, value: V, key: K, context: RecordContext): R
  subtract(this: void, aggregate: Agg, value: V, key: K, context: RecordContext): R
}

/** As above, where aggregate and value have one type; the first value of a group is taken as it is. */
export interface TableReduceOptions<K, V, R> extends TableOptions<K, V> {
  add(this: void, aggregate: V, value: V, key: K, context: RecordContext): R
  subtract(this: void, aggregate: V, value: V, key: K, context: RecordContext): R
}

/** Rows of a table, grouped. */
export class KGroupedTable<out K, out V> {
  /** @internal */
  readonly grouping: TableGrouping

  /** @internal */
  constructor(grouping: TableGrouping) {
    this.grouping = grouping
  }

  /** Number of rows per group. A group that became empty has the count 0. */
  count(options: TableOptions<K, number> = {}): KTable<K, number, never> {
    return this.#aggregate(requireKnown(options, tableOptions, 'count'), {
      node: 'KTABLE-AGGREGATE-',
      value: int64(),
      supplier: (store) => countTable(store),
    })
  }

  /** One value per group, out of the values of its rows. */
  reduce<R extends V | null>(options: TableReduceOptions<K, V, R>): KTable<K, V, NullOf<R>> {
    const known = requireKnown(options, tableReduceOptions, 'reduce')
    const { add, subtract } = requireFunctions('reduce', known, ['add', 'subtract'])
    return this.#aggregate(options, {
      node: 'KTABLE-REDUCE-',
      value: this.grouping.state.value,
      supplier: (store) => reduceTable({ store, add: add as never, subtract: subtract as never }),
    })
  }

  /**
   * One value of another type per group.
   *
   * @example
   * run(
   *   ({ cities }) =>
   *     cities
   *       .groupBy((city, user) => [city, user], { key: string(), value: string() })
   *       .aggregate({ init: () => 0, add: (n) => n + 1, subtract: (n) => n - 1 }),
   *   ['cities', 'ada', 'London'],
   *   ['cities', 'ada', 'Paris'],
   * )
   * // → [["London",1],["London",0],["Paris",1]]
   */
  aggregate<Agg, R extends Agg | null>(options: TableAggregateOptions<K, V, Agg, R>): KTable<K, Agg, NullOf<R>> {
    const known = requireKnown(options, tableAggregateOptions, 'aggregate')
    const { init, add, subtract } = requireFunctions('aggregate', known, ['init', 'add', 'subtract'])
    return this.#aggregate(options, {
      node: 'KTABLE-AGGREGATE-',
      value: null,
      supplier: (store) => aggregateTable({ store, init, add: add as never, subtract: subtract as never }),
    })
  }

  #aggregate(
    options: TableOptions<any, any>,
    what: { node: string; value: Serde<any> | null; supplier(store: string): TableSupplier<any, any> },
  ): any {
    requireShape(options, 'table', 'an aggregation of a grouped table')
    const { plan, key, groupName } = this.grouping.state
    const spec = materializedSpec(options)
    const materialized = materialize(plan, spec, { prefix: 'KTABLE-AGGREGATE-', key, value: what.value })
    const { storeName, queryableName } = materialized
    const supplier = what.supplier(storeName)
    const sinkName = plan.nameOr(options.name, 'KSTREAM-SINK-', '-sink')
    const sourceName = plan.nameOr(options.name, 'KSTREAM-SOURCE-', '-source')
    const name = plan.nameOr(options.name, what.node)
    const topic = `${groupName ?? storeName}-repartition`
    const above = this.grouping.input({ topic, sinkName, sourceName })
    const node = tableNode({ name, supplier, store: tableStore(materialized) })
    node.outputVersioned = isVersioned(spec)
    plan.add(above, node)
    return plan.faces.table({
      plan,
      name,
      node,
      key: materialized.key,
      value: materialized.value,
      sources: new Set([sourceName]),
      queryableName,
      supplier,
    })
  }
}
