/** `toTable`: a stream read as updates, through a repartition topic if the key may have changed. */
import { tableSource } from '../operator/table-source.ts'
import { isVersioned, materialize, materializedSpec, requireShape, tableStore } from './materialized.ts'
import type { TableOptions } from './options.ts'
import { PlanNode } from './plan-node.ts'
import { type StreamState, type TableState, repartitionNode } from './stream-state.ts'

export function streamToTable(state: StreamState, options: TableOptions<any, any>): TableState {
  const { plan } = state
  const prefix = 'KSTREAM-TOTABLE-'
  requireShape(options, 'table', 'toTable')
  const name = plan.nameOr(options.name, prefix)
  const materialized = materialize(plan, materializedSpec(options), { prefix, key: state.key, value: state.value })
  const { key, value, queryableName } = materialized
  let above = state.node
  let sources = state.sources
  if (state.repartitionRequired) {
    const generated = options.name === undefined
    const repartition = repartitionNode(plan, {
      name,
      key: key ?? state.key,
      value: value ?? state.value,
      optimizable: true,
      generated,
    })
    plan.add(above, repartition)
    above = repartition
    sources = new Set([repartition.name])
  }
  const supplier = tableSource<unknown, unknown>({
    store: materialized.storeName,
    materialized: queryableName !== null,
  })
  const store = tableStore(materialized)
  const node = new PlanNode(name, (builder, parents) => {
    builder.addProcessor(name, parents, { create: () => supplier.create() })
    if (supplier.isMaterialized) builder.addStore(store, [name])
  })
  node.outputVersioned = isVersioned(materialized.spec)
  plan.add(above, node)
  return {
    plan,
    name,
    node,
    key: key ?? state.key,
    value: value ?? state.value,
    sources,
    queryableName,
    supplier,
  }
}
