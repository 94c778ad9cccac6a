/** A source table in the plan: a source, the node that fills the table, and its store if somebody needs it. */
import type { TableSource } from '../operator/table-source.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { SourceSpec, TopologyBuilder } from '../topology/topology-builder.ts'
import { PlanNode } from './plan-node.ts'

export interface TableSourceSpec {
  readonly sourceName: string
  readonly name: string
  readonly topic: string
  readonly source: SourceSpec
  readonly supplier: TableSource<unknown, unknown>
  readonly store: StoreSpec
  readonly global: boolean
}

export class TableSourcePlanNode extends PlanNode {
  /** True: the input topic is the changelog of the store (`reuse.ktable.source.topics`). */
  reusesTopic = false

  constructor(spec: TableSourceSpec) {
    super(spec.name, (builder) => writeTable(builder, spec, this.reusesTopic))
  }
}

function writeTable(builder: TopologyBuilder, spec: TableSourceSpec, reusesTopic: boolean): void {
  const { sourceName, name, topic, source, supplier, store } = spec
  const create = (): ReturnType<typeof supplier.create> => supplier.create()
  if (spec.global) {
    builder.addGlobalStore({ store, topic, sourceName, processorName: name, source, create, reprocessOnRestore: false })
    return
  }
  builder.addSource(sourceName, source)
  builder.addProcessor(name, [sourceName], { create })
  if (!supplier.isMaterialized) return
  builder.addStore(store, [name])
  if (reusesTopic) builder.useSourceAsChangelog(store.name, topic)
}
