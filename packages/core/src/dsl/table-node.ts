/** Nodes of tables in the plan: one processor, the stores it reads, and the store it keeps. */
import type { TableSupplier } from '../operator/table-supplier.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import { PlanNode } from './plan-node.ts'

export interface TableNodeSpec {
  readonly name: string
  readonly supplier: Pick<TableSupplier<any, any>, 'create'>
  /** The table's own store, or null. */
  readonly store: StoreSpec | null
  /** Stores of others, connected behind it; read when the topology is written, because they may come late. */
  readonly reads?: () => readonly string[]
}

export function tableNode({ name, supplier, store, reads = () => [] }: TableNodeSpec): PlanNode {
  return new PlanNode(name, (builder, parents) => {
    builder.addProcessor(name, parents, { create: () => supplier.create() })
    if (store !== null) builder.addStore(store, [name])
    for (const other of reads()) builder.connect(name, other)
  })
}
