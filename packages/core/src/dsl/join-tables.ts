/** Joins of two tables with equal keys: a node for the changes of each side, and one where the result continues. */
import { type TableJoinKind, joinTables } from '../operator/join-table-table.ts'
import { mergeJoinedTables } from '../operator/join-merge.ts'
import { isVersioned } from './materialized.ts'
import { resultStore } from './derive-table.ts'
import type { TableOptions } from './options.ts'
import { PlanNode } from './plan-node.ts'
import { type TableState, copartition } from './stream-state.ts'

export interface TableJoinRequest {
  readonly kind: TableJoinKind
  readonly left: TableState
  readonly right: TableState
  readonly joiner: (left: never, right: never, key: never, context: never) => unknown
}

export function joinTwoTables(request: TableJoinRequest, options: TableOptions<any, any>): TableState {
  const { kind, left, right } = request
  const { plan } = left
  const result = resultStore(left, options, 'KTABLE-MERGE-')
  const name = plan.nameOr(options.name, 'KTABLE-MERGE-')
  const sources = copartition(left, [right])
  if (kind !== 'inner') left.supplier.enableSendOldValues(true)
  if (kind === 'outer') right.supplier.enableSendOldValues(true)
  const common = { kind, left: left.supplier, right: right.supplier, joiner: request.joiner as never }
  const one = joinTables({ ...common, side: 'left' })
  const other = joinTables({ ...common, side: 'right' })
  const oneName = plan.nameOr(options.name, 'KTABLE-JOINTHIS-', '-join-this')
  const otherName = plan.nameOr(options.name, 'KTABLE-JOINOTHER-', '-join-other')
  const supplier = mergeJoinedTables({ left: one, right: other, store: result?.materialized.storeName ?? null })
  const node = new PlanNode(name, (builder) => {
    builder.addProcessor(oneName, [left.name], { create: () => one.create() })
    builder.addProcessor(otherName, [right.name], { create: () => other.create() })
    builder.addProcessor(name, [oneName, otherName], { create: () => supplier.create() })
    for (const store of one.otherStores) builder.connect(oneName, store)
    for (const store of other.otherStores) builder.connect(otherName, store)
    if (result !== null) builder.addStore(result.store, [name])
  })
  node.outputVersioned = result !== null && isVersioned(result.materialized.spec)
  node.enableVersioned = (parent) => {
    if (parent === left.name) one.useVersionedSemantics = true
    if (parent === right.name) other.useVersionedSemantics = true
  }
  plan.add([left.node, right.node], node)
  return {
    plan,
    name,
    node,
    key: result?.materialized.key ?? left.key,
    value: result?.materialized.value ?? null,
    sources,
    queryableName: result?.materialized.storeName ?? null,
    supplier,
  }
}
