/**
 * What users give to make processors, a function or an object with `create`, as the topology keeps it. Used by the
 * low-level topology, by the DSL's own nodes for processors, and by wrappers.
 */
import { requireArgument } from '../known-options.ts'
import type { ProcessorSupplier } from '../processor/processor.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { ProcessorNode } from './node.ts'

/**
 * Makes processors from what users give.
 *
 * @param where who gave it, for the error
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) it is neither a function nor an object with `create`
 */
export function creator(supplier: ProcessorSupplier, where = 'A processor'): ProcessorNode['create'] {
  if (typeof supplier === 'function') return () => supplier()
  const isRight = typeof supplier === 'object' && supplier !== null && typeof supplier.create === 'function'
  requireArgument(isRight, supplier, { where, accepted: 'a function that makes it, or { create, stores }' })
  return () => supplier.create()
}

/** Stores that a supplier brings along. */
export function storesOf(supplier: ProcessorSupplier<unknown>): readonly StoreDefinition[] {
  return typeof supplier === 'function' ? [] : ((supplier.stores ?? []) as readonly StoreDefinition[])
}
