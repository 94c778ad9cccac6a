/** Aggregations of a grouped stream: from the options to the table behind it. */
import type { TableSupplier } from '../operator/table-supplier.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { Grouping } from './grouped-state.ts'
import { type Materialized, isVersioned, materialize, materializedSpec, saysStore } from './materialized.ts'
import type { TableOptions } from './options.ts'
import type { TableState } from './stream-state.ts'
import { tableNode } from './table-node.ts'

/** An aggregation before its names are settled. */
export interface StreamAggregation {
  readonly prefix: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  /** Serde of the values if it is known without being given. */
  readonly value: Serde<unknown> | null
  /** Kafka's `count` with a store that has no name uses up one number more. */
  readonly counts?: true
  store(materialized: Materialized): StoreSpec
  supplier(store: string): TableSupplier<any, any>
  /** Serde of the result's keys; windowed aggregations wrap that of the group. */
  resultKey(key: Serde<unknown> | null): Serde<unknown> | null
  /** Grace of windows, for `suppress`; null when there are none. */
  readonly graceMs: number | null
}

export function aggregateGrouping(
  grouping: Grouping,
  options: TableOptions<any, any>,
  aggregation: StreamAggregation,
): TableState {
  const { plan, key } = grouping.state
  const { prefix } = aggregation
  const spec = materializedSpec(options)
  if (aggregation.counts === true && saysStore(options) && spec.store === undefined) plan.nextStoreName(prefix)
  const materialized = materialize(plan, spec, { prefix, key, value: aggregation.value })
  const name = plan.nameOr(options.name, prefix)
  const store = aggregation.store(materialized)
  const supplier = aggregation.supplier(materialized.storeName)
  const input = grouping.input(materialized)
  const node = tableNode({ name, supplier, store })
  node.outputVersioned = isVersioned(spec)
  node.windowGraceMs = aggregation.graceMs
  plan.add(input.node, node)
  return {
    plan,
    name,
    node,
    key: aggregation.resultKey(materialized.key),
    value: materialized.value,
    sources: input.sources,
    queryableName: materialized.queryableName,
    supplier,
  }
}
