/** What a simulation has to know of a topology: the topics around it, and whether its stores drop old rows. */
import { ConfigError, type Serde } from '@millrace/core'
import type { BuiltTopology } from '@millrace/core/internal'
import { msgpack } from '@millrace/serde-msgpack'

/** Topics by name, and what to make of the state. */
export interface TopologyPlaces {
  /** Topics that somebody else writes. */
  readonly inputs: readonly string[]
  /** Topics that it writes for others. */
  readonly outputs: readonly string[]
  /** True when rows come of age. */
  readonly expires: boolean
}

/** @throws {MR_CONFIG_INVALID} nothing is read by name: patterns find no topics here */
export function placesOf(built: BuiltTopology): TopologyPlaces {
  const inputs = new Set<string>()
  const outputs = new Set<string>()
  for (const { sourceTopics, sinkTopics } of built.subTopologies) {
    for (const topic of sourceTopics) if (!built.isInternalTopic(topic)) inputs.add(topic)
    for (const topic of sinkTopics) if (!built.isInternalTopic(topic)) outputs.add(topic)
  }
  for (const { topic } of built.globalStores) inputs.add(topic)
  if (inputs.size === 0) {
    const details = { option: 'topology', value: 'one that reads no topic', accepted: 'sources with names' }
    throw new ConfigError('MR_CONFIG_INVALID', details)
  }
  const expires = built.stores.some(({ definition }) => (definition.retentionMs ?? 0) > 0)
  return { inputs: [...inputs], outputs: [...outputs].filter((topic) => !inputs.has(topic)), expires }
}

/** The serdes of internal topics in an application that sets none. */
export function presetSerdes(): { key: Serde<unknown>; value: Serde<unknown> } {
  const value = msgpack()
  return { key: (value.forKeys?.() ?? value) as Serde<unknown>, value: value as Serde<unknown> }
}
