/**
 * The frozen result of building: what the runtime, the test driver and the tools read. Nothing here can change; topologies
 * may be run many times, each time with its own application id.
 */
import type { StoreDefinition } from '../store/definition.ts'
import type { InternalTopic } from './internal-topic.ts'
import type { SerdeDefaults, TopologyNode } from './node.ts'

export type { InternalTopic } from './internal-topic.ts'

/** A store of the topology, with what is known only after building. */
export interface TopologyStore {
  readonly definition: StoreDefinition
  /** Nodes connected to it, in the order in which they were added. */
  readonly processors: readonly string[]
  /**
   * Topic from which it is restored: an internal changelog, or a source topic (optimised tables, read-only and global
   * stores). Null when logging is off. Without application id.
   */
  readonly changelogTopic: string | null
  /** True: the changelog is a topic of the user, to which nothing is written. */
  readonly changelogIsSource: boolean
}

/** A store that every instance holds whole, and the chain of nodes that fills it. */
export interface GlobalStore {
  readonly definition: StoreDefinition
  readonly topic: string
  /** Name of the source node. */
  readonly source: string
  /** Name of the node that writes the store. */
  readonly processor: string
  /** True: a processor of the user fills it, so restoring runs the records through it instead of copying bytes. */
  readonly reprocessOnRestore: boolean
}

/** A connected part of the topology; one task per partition. */
export interface SubTopology {
  readonly id: number
  /** Node names in the order in which they were added. Processors are initialised in this order. */
  readonly nodes: readonly string[]
  /** Topics read, without application id; patterns are in the source nodes. */
  readonly sourceTopics: readonly string[]
  readonly sinkTopics: readonly string[]
  /** Names of the stores, in the order in which they are opened and flushed. */
  readonly stores: readonly string[]
  /** All global stores: any node may read them. */
  readonly globalStores: readonly string[]
  /** Repartition topics it reads. */
  readonly repartitionTopics: readonly InternalTopic[]
  /** Changelog topics of its stores that must be created (not source topics). */
  readonly changelogTopics: readonly InternalTopic[]
  /** Groups of source topics that must have equal partition counts. */
  readonly copartitionGroups: readonly (readonly string[])[]
}

export interface BuiltTopology {
  /** All nodes, also those of global stores, in the order in which they were added. */
  readonly nodes: readonly TopologyNode[]
  /** Stores of tasks that are connected to a node, in the order in which they are opened and flushed. */
  readonly stores: readonly TopologyStore[]
  readonly globalStores: readonly GlobalStore[]
  /** Ascending ids; global stores are not in them (but use up a number in `describe()`). */
  readonly subTopologies: readonly SubTopology[]
  /** Repartition and changelog topics of all sub-topologies. */
  readonly internalTopics: readonly InternalTopic[]
  /** @throws {MR_TOPOLOGY_NODE_UNKNOWN} if there is no such node */
  node(name: string): TopologyNode
  /** The topic's name in the cluster: `<applicationId>-<name>` for internal topics, else the name itself. */
  topicName(name: string, applicationId: string): string
  isInternalTopic(name: string): boolean
  /** Kafka's text. */
  describe(): string
}

/** A definition with its null serdes filled from the defaults; window and session stores keep the serde of the plain key. */
export function withDefaults(definition: StoreDefinition, defaults: SerdeDefaults): StoreDefinition {
  const { key, value, otherValue } = definition
  if (key !== null && value !== null && otherValue !== null) return definition
  const filled = { ...definition, key: key ?? defaults.key, value: value ?? defaults.value }
  return otherValue === null ? { ...filled, otherValue: defaults.value } : filled
}
