/** Which nodes and stores of a topology a task brings to life. */
import type { BuiltTopology, TopologyStore } from '@millrace/core/internal'

/**
 * Nodes and stores of a sub-topology, in the order in which they were added; of all sub-topologies together when the number
 * is null.
 */
export function partOf(
  topology: BuiltTopology,
  subTopology: number | null,
): { readonly nodes: readonly string[]; readonly stores: readonly TopologyStore[] } {
  if (subTopology !== null) {
    const part = topology.subTopologies.find((each) => each.id === subTopology)
    const names = new Set(part?.stores ?? [])
    return { nodes: part?.nodes ?? [], stores: topology.stores.filter((store) => names.has(store.definition.name)) }
  }
  const nodes = new Set(topology.subTopologies.flatMap((each) => each.nodes))
  return {
    nodes: topology.nodes.map((node) => node.name).filter((name) => nodes.has(name)),
    stores: topology.stores,
  }
}
