/** A processor of the user in the plan, with the stores that it uses and those that its supplier brings. */
import type { FixedKeyProcessor, Processor, ProcessorSupplier } from '../processor/processor.ts'
import type { StoreHandle } from '../store/definition.ts'
import { creator, storesOf } from '../topology/supplier.ts'
import { requireName } from './names.ts'
import { PlanNode } from './plan-node.ts'

type AnyProcessor = Processor<any, any, any, any> | FixedKeyProcessor<any, any, any>

export interface ProcessSpec {
  readonly stores: readonly (string | StoreHandle<any, any>)[]
  readonly fixedKey: boolean
}

/** @throws {MR_TOPOLOGY_ARGUMENT} {MR_TOPOLOGY_SUPPLIER} no supplier of processors, or one that shares them */
export function processorPlanNode(
  name: string,
  supplier: ProcessorSupplier<AnyProcessor>,
  { stores, fixedKey }: ProcessSpec,
): PlanNode {
  const create = creator(supplier as ProcessorSupplier, `Processor "${name}"`)
  const connected = stores.map((store) => (typeof store === 'string' ? store : store.name))
  return new PlanNode(requireName(name), (builder, parents) => {
    builder.addProcessor(name, parents, { create, fixedKey, stores: storesOf(supplier) })
    for (const store of connected) builder.connect(name, store)
  })
}
