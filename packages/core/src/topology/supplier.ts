/**
 * What users give to make processors, a function or an object with `create`, as the topology keeps it. Used by the
 * low-level topology, by the DSL's own nodes for processors, and by wrappers.
 */
import { TopologyError } from '../errors.ts'
import { requireArgument } from '../known-options.ts'
import type { Processor, ProcessorSupplier } from '../processor/processor.ts'
import type { StoreDefinition } from '../store/definition.ts'

/**
 * Makes processors from what users give. It is asked for two at once, as in Kafka, because tasks must not share one.
 *
 * @param where who gave it, for the error
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) it is neither a function nor an object with `create`
 * @throws {MR_TOPOLOGY_SUPPLIER} (TopologyError) it answers one object twice, or none
 */
export function creator<P = Processor<never, never, never, never>>(
  supplier: ProcessorSupplier<P>,
  where = 'A processor',
): () => P {
  const create = uncheckedCreator(supplier, where)
  if (create() === create()) throw new TopologyError('MR_TOPOLOGY_SUPPLIER', { where })
  return create
}

/** As above, without asking for a processor. */
export function uncheckedCreator<P>(supplier: ProcessorSupplier<P>, where: string): () => P {
  if (typeof supplier === 'function') return () => supplier()
  const isRight = typeof supplier === 'object' && supplier !== null && typeof supplier.create === 'function'
  requireArgument(isRight, supplier, { where, accepted: 'a function that makes it, or { create, stores }' })
  return () => supplier.create()
}

/** Stores that a supplier brings along. */
export function storesOf(supplier: ProcessorSupplier<unknown>): readonly StoreDefinition[] {
  return typeof supplier === 'function' ? [] : ((supplier.stores ?? []) as readonly StoreDefinition[])
}
