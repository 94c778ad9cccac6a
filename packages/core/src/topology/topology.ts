/**
 * The low-level topology that users write by hand: sources, processors, sinks and stores by name, as in Kafka's
 * `Topology`. The DSL makes one too, and nodes may be added to it.
 */
import { requireReset } from './option-value.ts'
import { TopologyError } from '../errors.ts'
import type { ProcessorSupplier } from '../processor/processor.ts'
import type { Serde } from '../serde/serde.ts'
import { type SerdeOrSchema, toKeySerde, toSerde } from '../serde/standard-schema.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { TimestampExtractor } from '../time/timestamp-extractor.ts'
import type { BuiltTopology } from './built-topology.ts'
import { describeTopology } from './describe.ts'
import { freezeTopology, validateCopartition } from './freeze.ts'
import type { OffsetReset, Partitioner, TopicNameExtractor } from './node.ts'
import { type ProcessorWrapper, givenWrapper } from './processor-wrapper.ts'
import { type BuildSettings, defaultBuildSettings, givenStore } from './store-spec.ts'
import { creator, storesOf } from './supplier.ts'
import type { Topic } from './topic.ts'
import { TopologyBuilder } from './topology-builder.ts'
import { optionNames, requireKnown } from '../known-options.ts'

/** One name or several. */
export type Names = string | readonly string[]
type AnyTopic = Topic<any, any>
type AnyStore = StoreDefinition<any, any>
type AnySupplier = ProcessorSupplier

/** What a topology is told before anything is in it. */
export interface TopologyOptions {
  /** Gets every processor that is added and may put code around it (KIP-1112). */
  readonly processorWrapper?: ProcessorWrapper
}

/** How a source reads. Serdes are those of the topic if it is typed, else these, else the default ones. */
export interface AddSourceOptions {
  readonly key?: SerdeOrSchema<any>
  readonly value?: SerdeOrSchema<any>
  readonly timestampExtractor?: TimestampExtractor
  readonly offsetReset?: OffsetReset
}

/** How a sink writes. */
export interface AddSinkOptions {
  readonly key?: SerdeOrSchema<any>
  readonly value?: SerdeOrSchema<any>
  readonly partitioner?: Partitioner<never, never>
}

/** Names and code of what fills a global or read-only store. */
export interface AddStoreSourceOptions extends AddSourceOptions {
  readonly topic: string | AnyTopic
  /** Name of the source node. */
  readonly source: string
  /** Name of the processor node. */
  readonly name: string
  readonly processor: AnySupplier
}

const source = { key: true, value: true, timestampExtractor: true, offsetReset: true } as const
const topologyOptions = optionNames<TopologyOptions>({ processorWrapper: true })
const addSourceOptions = optionNames<AddSourceOptions>(source)
const addSinkOptions = optionNames<AddSinkOptions>({ key: true, value: true, partitioner: true })
const storeSourceOptions = optionNames<AddStoreSourceOptions>({
  ...source,
  topic: true,
  source: true,
  name: true,
  processor: true,
})

/**
 * A graph of sources, processors and sinks, connected by name.
 *
 * @example
 * const topology = new Topology()
 *   .addSource('orders', orders)
 *   .addProcessor('check', () => new Check(), 'orders')
 *   .addSink('checked', checked, 'check')
 */
export class Topology {
  readonly #builder: TopologyBuilder
  #built: BuiltTopology | null = null

  /**
   * @param written internal: the DSL hands over what it has written, with its own wrapper
   * @throws {MR_TOPOLOGY_OPTION} {MR_TOPOLOGY_ARGUMENT} {MR_TOPOLOGY_CALLBACK} an option that is not known, or no wrapper
   */
  constructor(options: TopologyOptions = {}, written: TopologyBuilder | null = null) {
    const { processorWrapper } = requireKnown(options, topologyOptions, 'new Topology')
    this.#builder = written ?? new TopologyBuilder(givenWrapper(processorWrapper))
  }

  /**
   * Reads topics, or all topics whose whole name matches a pattern.
   *
   * A typed topic brings its serdes; several typed topics must have equal ones, those of the first are taken.
   *
   * @throws {MR_TOPOLOGY_TOPIC_MISSING} {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_TOPIC_DUPLICATE} {MR_TOPOLOGY_TOPIC_PATTERN}
   */
  addSource(
    name: string,
    topics: Names | AnyTopic | readonly AnyTopic[] | RegExp,
    options: AddSourceOptions = {},
  ): this {
    requireKnown(options, addSourceOptions, `addSource("${name}")`)
    const list = topics instanceof RegExp ? [] : [topics].flat()
    const typed = list.find((given) => typeof given !== 'string')
    this.#open(`Source "${name}"`).addSource(name, {
      topics: list.map((given) => (typeof given === 'string' ? given : (given as AnyTopic).name)),
      pattern: topics instanceof RegExp ? topics : null,
      ...sourceSpec(options, typed as AnyTopic | undefined),
    })
    return this
  }

  /**
   * Adds a processor behind its parents. Stores that the supplier brings are added and connected.
   *
   * @throws {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_PARENT_MISSING} {MR_TOPOLOGY_PARENT_UNKNOWN} {MR_TOPOLOGY_PARENT_SINK}
   * @throws {MR_TOPOLOGY_STORE_DUPLICATE} a store of this name exists and is another definition
   * @throws {MR_TOPOLOGY_SUPPLIER} the supplier answers one object twice
   */
  addProcessor(name: string, supplier: AnySupplier, parents: Names): this {
    const builder = this.#open(`Processor "${name}"`)
    const create = creator(supplier, `Processor "${name}"`)
    builder.addProcessor(name, [parents].flat(), { create, stores: storesOf(supplier) })
    return this
  }

  /**
   * Writes what its parents forward to a topic, or to the topic that a function chooses for each record.
   *
   * @throws {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_PARENT_MISSING} {MR_TOPOLOGY_PARENT_UNKNOWN} {MR_TOPOLOGY_PARENT_SINK}
   */
  addSink(
    name: string,
    target: string | AnyTopic | TopicNameExtractor<never, never>,
    parents: Names,
    options: AddSinkOptions = {},
  ): this {
    requireKnown(options, addSinkOptions, `addSink("${name}")`)
    const typed = typeof target === 'object' ? target : undefined
    this.#open(`Sink "${name}"`).addSink(name, [parents].flat(), {
      topic: typed === undefined ? (target as string | TopicNameExtractor<never, never>) : typed.name,
      key: typed?.key ?? keyOf(options.key),
      value: typed?.value ?? valueOf(options.value),
      partitioner: options.partitioner ?? null,
    })
    return this
  }

  /**
   * Adds a store and connects it to processors; more can be connected later.
   *
   * @throws {MR_TOPOLOGY_STORE_DUPLICATE} and those of `connectProcessorAndStateStores`
   */
  addStateStore(store: AnyStore, processors: Names = []): this {
    this.#open(`Store "${store.name}"`).addStore(givenStore(store as StoreDefinition), [processors].flat())
    return this
  }

  /**
   * Lets a processor use stores, by name or by definition. Processors that share a store are in one sub-topology.
   *
   * @throws {MR_TOPOLOGY_STORE_MISSING} {MR_TOPOLOGY_STORE_UNKNOWN} {MR_TOPOLOGY_STORE_GLOBAL} {MR_TOPOLOGY_NODE_UNKNOWN} {MR_TOPOLOGY_STORE_NODE}
   */
  connectProcessorAndStateStores(processor: string, stores: Names | AnyStore | readonly AnyStore[]): this {
    const builder = this.#open(`A store of "${processor}"`)
    const names = [stores].flat().map((store) => (typeof store === 'string' ? store : (store as AnyStore).name))
    if (names.length === 0) throw new TopologyError('MR_TOPOLOGY_STORE_MISSING', { node: processor })
    for (const name of names) builder.connect(processor, name)
    return this
  }

  /**
   * A store that every instance holds whole. Only the given processor writes it; every other may read it, unconnected.
   * It has no changelog: it is filled from the topic again, through the processor.
   *
   * @throws {MR_TOPOLOGY_NODE_DUPLICATE} {MR_TOPOLOGY_STORE_DUPLICATE} {MR_TOPOLOGY_TOPIC_DUPLICATE} {MR_TOPOLOGY_TOPIC_PATTERN}
   * @throws {MR_TOPOLOGY_UNSUPPORTED} a wrapper brings a store to the processor
   */
  addGlobalStore(store: AnyStore, options: AddStoreSourceOptions): this {
    const { topic, source, name, processor } = requireKnown(options, storeSourceOptions, 'addGlobalStore')
    this.#open(`Store "${store.name}"`).addGlobalStore({
      store: givenStore(store as StoreDefinition),
      topic: typeof topic === 'string' ? topic : topic.name,
      sourceName: source,
      processorName: name,
      source: sourceSpec(options, typeof topic === 'string' ? undefined : topic),
      create: creator(processor, `Processor "${name}"`),
      reprocessOnRestore: true,
    })
    return this
  }

  /**
   * A store that is filled straight from its topic, partition by partition; the topic is its changelog (KIP-813).
   *
   * @throws as `addSource`, `addProcessor`, `addStateStore`
   */
  addReadOnlyStateStore(store: AnyStore, options: AddStoreSourceOptions): this {
    const { topic, source, name, processor } = requireKnown(options, storeSourceOptions, 'addReadOnlyStateStore')
    const builder = this.#open(`Store "${store.name}"`)
    const topicName = typeof topic === 'string' ? topic : topic.name
    builder.addSource(source, {
      topics: [topicName],
      ...sourceSpec(options, typeof topic === 'string' ? undefined : topic),
      offsetReset: 'earliest',
    })
    builder.addProcessor(name, [source], { create: creator(processor, `Processor "${name}"`) })
    builder.addStore(givenStore(store as StoreDefinition), [name])
    builder.useSourceAsChangelog(store.name, topicName)
    return this
  }

  /** Kafka's text: sub-topologies with their nodes. Internal topics are without the application id. */
  describe(): string {
    return describeTopology(this.#builder)
  }

  /**
   * Freezes the topology. Whoever runs it calls this with the options it has; afterwards nothing can be added.
   *
   * @throws {MR_TOPOLOGY_COPARTITION} repartition topics that are joined have different explicit partition counts
   */
  build(settings: Partial<BuildSettings> = {}): BuiltTopology {
    this.#built = freezeTopology(this.#builder, { ...defaultBuildSettings, ...settings })
    return this.#built
  }

  /** @throws {MR_TOPOLOGY_COPARTITION} as `build`, without freezing; called when the DSL has written its plan */
  validate(): void {
    validateCopartition(this.#builder)
  }

  #open(what: string): TopologyBuilder {
    if (this.#built !== null) throw new TopologyError('MR_TOPOLOGY_FROZEN', { what })
    return this.#builder
  }
}

function sourceSpec(options: AddSourceOptions, typed: AnyTopic | undefined) {
  return {
    key: (typed?.key ?? keyOf(options.key)) as Serde<unknown> | null,
    value: (typed?.value ?? valueOf(options.value)) as Serde<unknown> | null,
    acceptsNullKey: acceptsNull(typed?.key),
    acceptsNullValue: acceptsNull(typed?.value),
    timestampExtractor: options.timestampExtractor ?? null,
    offsetReset:
      typeof options.offsetReset === 'string' ? requireReset(options.offsetReset) : (options.offsetReset ?? null),
  }
}

/** Sources without a declared type take nulls, as Kafka's do. */
function acceptsNull(serde: Serde<unknown> | null | undefined): boolean {
  return serde === undefined || serde === null || serde.nullable === true
}

function keyOf(given: SerdeOrSchema<any> | undefined): Serde<unknown> | null {
  return given === undefined ? null : toKeySerde<unknown>(given)
}

function valueOf(given: SerdeOrSchema<any> | undefined): Serde<unknown> | null {
  return given === undefined ? null : toSerde<unknown>(given)
}
