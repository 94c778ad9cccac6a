/**
 * From the grown topology to the frozen one: children, stores with their changelogs, sub-topologies with the topics
 * that have to exist, groups of topics that must have equal partition counts.
 */
import { TopologyError } from '../errors.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { BuiltTopology, GlobalStore, SubTopology, TopologyStore } from './built-topology.ts'
import { describeTopology } from './describe.ts'
import { type InternalTopic, changelogName, changelogTopic, repartitionTopic } from './internal-topic.ts'
import { inHashOrder } from './java-hash-order.ts'
import type { TopologyNode } from './node.ts'
import { resolveSerde } from './serde-spec.ts'
import type { BuildSettings } from './store-spec.ts'
import { type NodeGroup, nodeGroups } from './sub-topology.ts'
import type { DraftNode, TopologyBuilder } from './topology-builder.ts'

/**
 * The frozen topology. The builder is not changed and may be frozen again with other settings.
 *
 * @throws {MR_TOPOLOGY_COPARTITION} repartition topics that are joined have different explicit partition counts
 */
export function freezeTopology(builder: TopologyBuilder, settings: BuildSettings): BuiltTopology {
  const nodes = freezeNodes(builder, settings)
  const groups = nodeGroups(builder)
  const stores = freezeStores(builder, nodes, settings)
  const copartitionGroups = copartitionedTopics(builder)
  requireEqualCounts(builder, copartitionGroups)
  const subTopologies = groups
    .filter((group) => !group.global)
    .map((group) => subTopology({ builder, group, stores, copartitionGroups }))
  return new FrozenTopology({
    nodes,
    stores: [...stores.values()],
    globalStores: [...builder.globalStores.values()].map((spec) => ({
      definition: sourceBacked(spec.store.define(settings), spec.topic),
      topic: spec.topic,
      source: spec.sourceName,
      processor: spec.processorName,
      reprocessOnRestore: spec.reprocessOnRestore,
    })),
    subTopologies,
    description: describeTopology(builder),
  })
}

/** @throws {MR_TOPOLOGY_COPARTITION} */
export function validateCopartition(builder: TopologyBuilder): void {
  requireEqualCounts(builder, copartitionedTopics(builder))
}

interface FrozenParts {
  readonly nodes: ReadonlyMap<string, TopologyNode>
  readonly stores: readonly TopologyStore[]
  readonly globalStores: readonly GlobalStore[]
  readonly subTopologies: readonly SubTopology[]
  readonly description: string
}

class FrozenTopology implements BuiltTopology {
  readonly nodes: readonly TopologyNode[]
  readonly stores: readonly TopologyStore[]
  readonly globalStores: readonly GlobalStore[]
  readonly subTopologies: readonly SubTopology[]
  readonly internalTopics: readonly InternalTopic[]
  readonly #byName: ReadonlyMap<string, TopologyNode>
  readonly #internal: ReadonlySet<string>
  readonly #description: string

  constructor(parts: FrozenParts) {
    this.nodes = Object.freeze([...parts.nodes.values()])
    this.stores = Object.freeze(parts.stores)
    this.globalStores = Object.freeze(parts.globalStores)
    this.subTopologies = Object.freeze(parts.subTopologies)
    this.internalTopics = Object.freeze(
      parts.subTopologies.flatMap((part) => [...part.repartitionTopics, ...part.changelogTopics]),
    )
    this.#byName = parts.nodes
    this.#internal = new Set(this.internalTopics.map((topic) => topic.name))
    this.#description = parts.description
    Object.freeze(this)
  }

  node(name: string): TopologyNode {
    const node = this.#byName.get(name)
    if (node === undefined) throw new TopologyError('MR_TOPOLOGY_NODE_UNKNOWN', { node: name })
    return node
  }

  topicName(name: string, applicationId: string): string {
    return this.#internal.has(name) ? `${applicationId}-${name}` : name
  }

  isInternalTopic(name: string): boolean {
    return this.#internal.has(name)
  }

  describe(): string {
    return this.#description
  }
}

function freezeNodes(builder: TopologyBuilder, settings: BuildSettings): Map<string, TopologyNode> {
  const children = new Map<string, string[]>()
  for (const node of builder.nodes.values()) {
    children.set(node.name, [])
    for (const parent of node.parents) children.get(parent)?.push(node.name)
  }
  return new Map(
    Array.from(builder.nodes.values(), (node) => [
      node.name,
      Object.freeze(freezeNode(node, Object.freeze(children.get(node.name) ?? []), settings)),
    ]),
  )
}

function freezeNode(node: DraftNode, children: readonly string[], settings: BuildSettings): TopologyNode {
  if (node.kind === 'processor') return { ...node, children, stores: Object.freeze([...node.stores]) }
  return {
    ...node,
    children,
    key: resolveSerde(node.key, settings.serdes),
    value: resolveSerde(node.value, settings.serdes),
  }
}

/** In the order in which tasks open and flush them: processor after processor, those of one as Java's hash set has them. */
function freezeStores(
  builder: TopologyBuilder,
  nodes: ReadonlyMap<string, TopologyNode>,
  settings: BuildSettings,
): Map<string, TopologyStore> {
  const stores = new Map<string, TopologyStore>()
  for (const node of nodes.values()) {
    if (node.kind !== 'processor') continue
    for (const name of inHashOrder(node.stores)) {
      const added = builder.stores.get(name)
      if (added === undefined || stores.has(name)) continue
      const source = builder.sourceChangelogs.get(name)
      const defined = added.spec.define(settings)
      stores.set(name, {
        definition: Object.freeze(source === undefined ? defined : sourceBacked(defined, source)),
        processors: usersOf(nodes, name),
        changelogTopic: source ?? (defined.logging === false ? null : changelogName(name)),
        changelogIsSource: source !== undefined,
      })
    }
  }
  return stores
}

function usersOf(nodes: ReadonlyMap<string, TopologyNode>, store: string): string[] {
  const users = [...nodes.values()].filter((node) => node.kind === 'processor' && node.stores.includes(store))
  return users.map((node) => node.name)
}

function sourceBacked(definition: StoreDefinition, sourceTopic: string): StoreDefinition {
  return { ...definition, logging: false, sourceTopic }
}

interface SubTopologyParts {
  readonly builder: TopologyBuilder
  readonly group: NodeGroup
  readonly stores: ReadonlyMap<string, TopologyStore>
  readonly copartitionGroups: readonly ReadonlySet<string>[]
}

function subTopology({ builder, group, stores, copartitionGroups }: SubTopologyParts): SubTopology {
  const nodes = group.nodes.map((name) => builder.nodes.get(name) as DraftNode)
  const sourceTopics = nodes.flatMap((node) => (node.kind === 'source' ? (node.topics ?? []) : []))
  const names = new Set(nodes.flatMap((node) => (node.kind === 'processor' ? inHashOrder(node.stores) : [])))
  const own = [...names].flatMap((name) => stores.get(name) ?? [])
  return Object.freeze({
    id: group.id,
    nodes: group.nodes,
    sourceTopics,
    sinkTopics: [...new Set(nodes.flatMap((node) => (node.kind === 'sink' ? (node.topic ?? []) : [])))],
    stores: own.map((store) => store.definition.name),
    globalStores: [...builder.globalStores.keys()],
    repartitionTopics: sourceTopics.flatMap((topic) => {
      const partitions = builder.repartitionTopics.get(topic)
      return partitions === undefined ? [] : [repartitionTopic(topic, partitions)]
    }),
    changelogTopics: own.flatMap((store) => changelogTopic(store.definition) ?? []),
    copartitionGroups: copartitionGroups
      .filter((topics) => sourceTopics.some((topic) => topics.has(topic)))
      .map((topics) => [...topics]),
  })
}

/** Groups of topics, united where they have one in common. Sources with a pattern have no topics yet. */
function copartitionedTopics(builder: TopologyBuilder): Set<string>[] {
  let groups: Set<string>[] = []
  for (const sources of builder.copartitioned) {
    const topics = new Set<string>()
    for (const source of sources) {
      const node = builder.nodes.get(source)
      if (node?.kind === 'source') for (const topic of node.topics ?? []) topics.add(topic)
    }
    const touching = groups.filter((group) => [...group].some((topic) => topics.has(topic)))
    for (const group of touching) for (const topic of group) topics.add(topic)
    groups = [...groups.filter((group) => !touching.includes(group)), topics]
  }
  return groups.filter((group) => group.size > 0)
}

function requireEqualCounts(builder: TopologyBuilder, groups: readonly ReadonlySet<string>[]): void {
  for (const topics of groups) {
    const counts = [...topics].map((topic) => [topic, builder.repartitionTopics.get(topic) ?? null] as const)
    if (counts.some(([, count]) => count === null) || new Set(counts.map(([, count]) => count)).size < 2) continue
    const text = counts.map(([topic, count]) => `${topic} = ${count}`).toSorted()
    throw new TopologyError('MR_TOPOLOGY_COPARTITION', { topics: text.join(', ') })
  }
}
