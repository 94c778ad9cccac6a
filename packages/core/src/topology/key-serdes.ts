/**
 * Co-partitioned topics must agree on the bytes of their keys, or equal keys meet in different partitions and never match.
 *
 * A serde that was given is taken at its word; the danger is a side that falls back to the default one unnoticed: a
 * grouping or a change of key without a key serde, joined with a topic that has one.
 */
import { TopologyError } from '../errors.ts'
import type { Serde } from '../serde/serde.ts'
import type { BuiltTopology } from './built-topology.ts'
import type { SerdeDefaults, SourceNode } from './node.ts'

/** @throws {MR_TOPOLOGY_KEY_SERDES} one side has the default key serde, another one of a different name */
export function requireEqualKeySerdes(topology: BuiltTopology, defaults: SerdeDefaults): void {
  const sources = topology.nodes.filter((node): node is SourceNode => node.kind === 'source')
  const serdeOf = (topic: string): { given: Serde<unknown> | null; used: Serde<unknown> | null } => {
    const given = sources.find(({ topics }) => topics?.includes(topic) === true)?.key ?? null
    return { given, used: given ?? defaults.key }
  }
  for (const { copartitionGroups } of topology.subTopologies) {
    for (const group of copartitionGroups) {
      const named = group.find((topic) => serdeOf(topic).given !== null)
      const fallback = group.find((topic) => serdeOf(topic).given === null)
      if (named === undefined || fallback === undefined) continue
      const [one, other] = [serdeOf(named).used, serdeOf(fallback).used]
      if (one === null || other === null || one.name === other.name) continue
      throw new TopologyError('MR_TOPOLOGY_KEY_SERDES', {
        topic: named,
        serde: one.name,
        otherTopic: fallback,
        otherSerde: other.name,
      })
    }
  }
}
