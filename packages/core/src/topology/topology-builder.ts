/**
 * The topology while it grows: nodes, stores, internal topics, each checked when it is added. The public `Topology` and the
 * DSL's plan both write here; `build` and `describe` read it.
 *
 * It does not know any operator, and nothing of the runtime.
 */
import { TopologyError } from '../errors.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { TimestampExtractor } from '../time/timestamp-extractor.ts'
import type { OffsetReset, Partitioner, ProcessorNode, SinkNode, SourceNode, TopicNameExtractor } from './node.ts'
import { type ProcessorWrapper, wrapSpec } from './processor-wrapper.ts'
import type { SerdeSpec } from './serde-spec.ts'
import { type StoreSpec, givenStore, isSameStore } from './store-spec.ts'

export interface SourceSpec {
  /** At least one, unless there is a pattern. */
  readonly topics: readonly string[]
  readonly pattern?: RegExp | null
  readonly key?: SerdeSpec
  readonly value?: SerdeSpec
  /** Default true. */
  readonly acceptsNullKey?: boolean
  readonly acceptsNullValue?: boolean
  readonly timestampExtractor?: TimestampExtractor | null
  readonly offsetReset?: OffsetReset | null
}

export interface ProcessorSpec {
  readonly create: ProcessorNode['create']
  readonly fixedKey?: boolean
  /** A wrapper gets it as a fixed-key processor; default `fixedKey`. */
  readonly keepsKey?: boolean
  /** Stores that the user's supplier brings: added and connected. */
  readonly stores?: readonly StoreDefinition[]
}

export interface SinkSpec {
  readonly topic: string | TopicNameExtractor<never, never>
  readonly key?: SerdeSpec
  readonly value?: SerdeSpec
  readonly partitioner?: Partitioner<never, never> | null
  readonly partitionSuffix?: number
}

export interface GlobalStoreSpec {
  readonly store: StoreSpec
  readonly topic: string
  readonly sourceName: string
  readonly processorName: string
  readonly source: Omit<SourceSpec, 'topics' | 'pattern'>
  readonly create: ProcessorNode['create']
  readonly reprocessOnRestore: boolean
}

type WithSpecs<N> = Omit<N, 'key' | 'value'> & { readonly key: SerdeSpec; readonly value: SerdeSpec }
export type DraftSource = WithSpecs<SourceNode>
export type DraftSink = WithSpecs<SinkNode>
export type DraftNode = DraftSource | (ProcessorNode & { readonly stores: string[] }) | DraftSink

export class TopologyBuilder {
  readonly nodes: Map<string, DraftNode> = new Map()
  readonly stores: Map<string, { spec: StoreSpec; readonly users: string[] }> = new Map()
  readonly globalStores: Map<string, GlobalStoreSpec> = new Map()
  /** Store → source topic that is its changelog. */
  readonly sourceChangelogs: Map<string, string> = new Map()
  /** Repartition topics → partition count, null = not given. */
  readonly repartitionTopics: Map<string, number | null> = new Map()
  /** Names of source nodes whose topics must have equal partition counts. */
  readonly copartitioned: Set<string>[] = []
  readonly #wrapper: ProcessorWrapper | null

  /** @param wrapper gets every processor that is added; null = they stay as they are */
  constructor(wrapper: ProcessorWrapper | null = null) {
    this.#wrapper = wrapper
  }

  /** @throws {MR_TOPOLOGY_TOPIC_MISSING} {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_TOPIC_DUPLICATE} {MR_TOPOLOGY_TOPIC_PATTERN} */
  addSource(name: string, spec: SourceSpec): void {
    const pattern = spec.pattern ?? null
    if (pattern === null && spec.topics.length === 0)
      throw new TopologyError('MR_TOPOLOGY_TOPIC_MISSING', { node: name })
    this.#requireNewNode(name)
    this.#requireNewTopics(pattern === null ? spec.topics : [], pattern)
    this.nodes.set(name, draftSource(name, spec))
  }

  /** @throws {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_PARENT_MISSING} {MR_TOPOLOGY_PARENT_UNKNOWN} {MR_TOPOLOGY_PARENT_SINK}; as `addStore` */
  addProcessor(name: string, parents: readonly string[], spec: ProcessorSpec): void {
    this.#requireParents(name, parents)
    const { create, fixedKey = false, keepsKey = fixedKey, stores = [] } = spec
    const wrapped = this.#wrapper === null ? spec : wrapSpec(this.#wrapper, name, { create, keepsKey, stores })
    this.nodes.set(name, {
      kind: 'processor',
      name,
      parents,
      children: [],
      stores: [],
      fixedKey,
      create: wrapped.create,
    })
    for (const store of wrapped.stores ?? []) this.addStore(givenStore(store), [name])
  }

  /** @throws as `addProcessor` */
  addSink(name: string, parents: readonly string[], spec: SinkSpec): void {
    this.#requireParents(name, parents)
    this.nodes.set(name, {
      kind: 'sink',
      name,
      parents,
      children: [],
      topic: typeof spec.topic === 'string' ? spec.topic : null,
      topicName: typeof spec.topic === 'string' ? null : spec.topic,
      key: spec.key ?? null,
      value: spec.value ?? null,
      partitioner: spec.partitioner ?? null,
      partitionSuffix: spec.partitionSuffix ?? 0,
    })
  }

  /** @throws {MR_TOPOLOGY_STORE_DUPLICATE} another store has this name; and as `connect` */
  addStore(spec: StoreSpec, processors: readonly string[]): void {
    const known = this.stores.get(spec.name)
    if ((known !== undefined && !isSameStore(known.spec, spec)) || this.globalStores.has(spec.name))
      throw new TopologyError('MR_TOPOLOGY_STORE_DUPLICATE', { store: spec.name })
    if (known === undefined) this.stores.set(spec.name, { spec, users: [] })
    for (const processor of processors) this.connect(processor, spec.name)
  }

  /** @throws {MR_TOPOLOGY_STORE_GLOBAL} {MR_TOPOLOGY_STORE_UNKNOWN} {MR_TOPOLOGY_NODE_UNKNOWN} {MR_TOPOLOGY_STORE_NODE} */
  connect(processor: string, store: string): void {
    const names = { store, node: processor }
    if (this.globalStores.has(store)) throw new TopologyError('MR_TOPOLOGY_STORE_GLOBAL', names)
    const known = this.stores.get(store)
    if (known === undefined) throw new TopologyError('MR_TOPOLOGY_STORE_UNKNOWN', names)
    const node = this.nodes.get(processor)
    if (node === undefined) throw new TopologyError('MR_TOPOLOGY_NODE_UNKNOWN', { node: processor })
    if (node.kind !== 'processor') throw new TopologyError('MR_TOPOLOGY_STORE_NODE', { ...names, kind: node.kind })
    if (!known.users.includes(processor)) known.users.push(processor)
    if (!node.stores.includes(store)) node.stores.push(store)
  }

  /** A store that every instance holds whole, with the source and the processor that fill it. */
  addGlobalStore(spec: GlobalStoreSpec): void {
    const { store, topic, sourceName, processorName } = spec
    this.#requireNewNode(sourceName)
    this.#requireNewNode(processorName)
    if (sourceName === processorName) throw new TopologyError('MR_TOPOLOGY_NODE_DUPLICATE', { node: processorName })
    if (this.stores.has(store.name) || this.globalStores.has(store.name))
      throw new TopologyError('MR_TOPOLOGY_STORE_DUPLICATE', { store: store.name })
    this.#requireNewTopics([topic], null)
    this.nodes.set(sourceName, draftSource(sourceName, { ...spec.source, topics: [topic] }))
    this.addProcessor(processorName, [sourceName], { create: spec.create })
    const { stores } = this.nodes.get(processorName) as ProcessorNode & { stores: string[] }
    if (stores.length > 0)
      throw new TopologyError('MR_TOPOLOGY_UNSUPPORTED', {
        what: `Store "${stores[0]}" of the wrapped processor "${processorName}"`,
        reason: 'the processor of a global store has no other stores',
      })
    stores.push(store.name)
    this.globalStores.set(store.name, spec)
    this.useSourceAsChangelog(store.name, topic)
  }

  /** @throws {MR_TOPOLOGY_STORE_SOURCE} the store has one already */
  useSourceAsChangelog(store: string, topic: string): void {
    if (this.sourceChangelogs.has(store)) throw new TopologyError('MR_TOPOLOGY_STORE_SOURCE', { store })
    this.sourceChangelogs.set(store, topic)
  }

  addRepartitionTopic(name: string, partitions: number | null): void {
    this.repartitionTopics.set(name, partitions)
  }

  copartition(sources: Iterable<string>): void {
    this.copartitioned.push(new Set(sources))
  }

  /** True for the source nodes that fill global stores. */
  isGlobalSource(name: string): boolean {
    for (const { sourceName } of this.globalStores.values()) if (sourceName === name) return true
    return false
  }

  #requireNewNode(name: string): void {
    if (this.nodes.has(name)) throw new TopologyError('MR_TOPOLOGY_NODE_DUPLICATE', { node: name })
  }

  #requireParents(name: string, parents: readonly string[]): void {
    this.#requireNewNode(name)
    if (parents.length === 0) throw new TopologyError('MR_TOPOLOGY_PARENT_MISSING', { node: name })
    for (const parent of parents) {
      const node = this.nodes.get(parent)
      if (node === undefined) throw new TopologyError('MR_TOPOLOGY_PARENT_UNKNOWN', { node: name, parent })
      if (node.kind === 'sink') throw new TopologyError('MR_TOPOLOGY_PARENT_SINK', { node: name, parent })
    }
  }

  #requireNewTopics(topics: readonly string[], pattern: RegExp | null): void {
    const added = new Set<string>()
    for (const topic of topics) {
      if (added.has(topic)) throw new TopologyError('MR_TOPOLOGY_TOPIC_DUPLICATE', { topic, source: 'the same' })
      added.add(topic)
    }
    for (const node of this.nodes.values()) {
      if (node.kind !== 'source') continue
      for (const topic of node.topics ?? []) {
        if (added.has(topic)) throw new TopologyError('MR_TOPOLOGY_TOPIC_DUPLICATE', { topic, source: node.name })
        if (pattern !== null && !this.isGlobalSource(node.name)) requireNoMatch(pattern, topic)
      }
      if (node.pattern !== null) for (const topic of topics) requireNoMatch(node.pattern, topic)
    }
  }
}

/** True if the pattern matches the whole name, as Java's patterns do. */
export function matchesTopic(pattern: RegExp, topic: string): boolean {
  const flags = pattern.flags.replace(/[gy]/g, '')
  return new RegExp(`^(?:${pattern.source})$`, flags).test(topic)
}

/** The pattern's text as Java prints it: without slashes and without their escapes. */
export function patternText(pattern: RegExp): string {
  return pattern.source.replaceAll('\\/', '/')
}

function requireNoMatch(pattern: RegExp, topic: string): void {
  if (matchesTopic(pattern, topic))
    throw new TopologyError('MR_TOPOLOGY_TOPIC_PATTERN', { topic, pattern: patternText(pattern) })
}

function draftSource(name: string, spec: SourceSpec): DraftSource {
  const pattern = spec.pattern ?? null
  return {
    kind: 'source',
    name,
    parents: [],
    children: [],
    topics: pattern === null ? [...spec.topics] : null,
    pattern,
    key: spec.key ?? null,
    value: spec.value ?? null,
    acceptsNullKey: spec.acceptsNullKey ?? true,
    acceptsNullValue: spec.acceptsNullValue ?? true,
    timestampExtractor: spec.timestampExtractor ?? null,
    offsetReset: spec.offsetReset ?? null,
  }
}
