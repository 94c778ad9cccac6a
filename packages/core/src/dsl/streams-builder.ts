/**
 * Where every topology of the DSL begins: streams, tables and stores of topics. `build` turns what was drawn into a
 * topology.
 */
import { requireReset } from '../topology/option-value.ts'
import { TopologyError } from '../errors.ts'
import { tableSource } from '../operator/table-source.ts'
import { storedTable } from '../operator/table-value-getter.ts'
import type { ProcessorSupplier } from '../processor/processor.ts'
import type { Serde } from '../serde/serde.ts'
import { toKeySerde, toSerde } from '../serde/standard-schema.ts'
import type { StoreHandle } from '../store/definition.ts'
import { durationMs } from '../time/duration.ts'
import type { OffsetReset } from '../topology/node.ts'
import { givenWrapper } from '../topology/processor-wrapper.ts'
import { givenStore } from '../topology/store-spec.ts'
import { requireTopic, type Topic } from '../topology/topic.ts'
import { creator } from '../topology/supplier.ts'
import { Topology, type TopologyOptions } from '../topology/topology.ts'
import type { SourceSpec } from '../topology/topology-builder.ts'
import { requireExplicitNames } from './explicit-names.ts'
import type { Faces } from './faces.ts'
import { GlobalKTable } from './global-k-table.ts'
import { Grouping } from './grouped-state.ts'
import { TableGrouping } from './grouped-table-state.ts'
import { KGroupedStream } from './k-grouped-stream.ts'
import { KGroupedTable } from './k-grouped-table.ts'
import { KStream } from './k-stream.ts'
import { KTable } from './k-table.ts'
import { isVersioned, materialize, materializedSpec, requireShape, tableStore } from './materialized.ts'
import type { NotNull, OffsetResetOption, PatternSourceOptions, SourceOptions, TableOptions } from './options.ts'
import { optimizationsOf } from './optimize.ts'
import { PlanNode } from './plan-node.ts'
import { Plan } from './plan.ts'
import { SourcePlanNode } from './source-node.ts'
import { TableSourcePlanNode } from './table-source-node.ts'
import { requireKnown } from '../known-options.ts'
import {
  buildOptions,
  builderOptions,
  globalStoreOptions,
  patternOptions,
  sourceOptions,
  sourceTableOptions,
} from './option-lists.ts'

/** What building can be told. `properties` are Kafka's names; the typed options are taken first. */
export interface BuildOptions {
  /** Rewrites of the topology: `none` (default), `all`, or a list. Turning one on later changes names of topics and stores. */
  readonly topologyOptimization?: string | readonly string[]
  /** True: generated names of internal topics and stores are errors (KIP-1111). */
  readonly ensureExplicitInternalResourceNaming?: boolean
  /** `topology.optimization` (of `build`), `ensure.explicit.internal.resource.naming` (of the builder); others are ignored. */
  readonly properties?: Readonly<Record<string, unknown>>
}

/** What a builder is told before anything is drawn; the wrapper gets the processors while `build` writes them. */
export interface StreamsBuilderOptions extends BuildOptions, TopologyOptions {}

/** How a table's topic is read and how the table is kept. */
export interface SourceTableOptions<K, V> extends SourceOptions, TableOptions<K, V> {}

/** How a topic fills a global store. */
export interface GlobalStoreOptions extends SourceOptions {
  readonly processor: ProcessorSupplier
}

type AnyTopic = Topic<any, any>

/**
 * Draws a topology.
 *
 * @example
 * const orders = topic('orders', { key: string(), value: json<{ total: number }>() })
 * const builder = new StreamsBuilder()
 * builder.stream(orders).filter((order) => order.total > 100).to(topic('big-orders', orders))
 * show(builder.build().describe().split('\n')[1]?.trim())
 * // → "Sub-topology: 0"
 */
export class StreamsBuilder {
  readonly #plan: Plan
  readonly #topology: Topology
  readonly #options: BuildOptions

  /**
   * @throws {MR_TOPOLOGY_OPTION} {MR_TOPOLOGY_ARGUMENT} {MR_TOPOLOGY_CALLBACK} an option that is not known, or no wrapper
   *
   * @example
   * const calls: string[] = []
   * const builder = new StreamsBuilder({
   *   processorWrapper: {
   *     wrapFixedKeyProcessor: (name, supplier) => {
   *       calls.push(name)
   *       return () => {
   *         const processor = supplier.create()
   *         return {
   *           init: (context) => processor.init?.(context),
   *           process: (record) => processor.process(record),
   *           close: () => processor.close?.(),
   *         }
   *       }
   *     },
   *   },
   * })
   * builder.stream(topic('in', { key: string(), value: int64() })).filter((n) => n > 1, { name: 'big' }).foreach(() => {})
   * builder.build()
   * show(calls)
   * // → ["big"]
   */
  constructor(options: StreamsBuilderOptions = {}) {
    const { processorWrapper, ...rest } = requireKnown(options, builderOptions, 'new StreamsBuilder')
    this.#options = rest
    const faces: Faces = {
      stream: (state) => new KStream(state),
      table: (state) => new KTable(state),
      groupedStream: (state) => new KGroupedStream(new Grouping(state)),
      groupedTable: (state) => new KGroupedTable(new TableGrouping(state)),
    }
    this.#plan = new Plan(faces, givenWrapper(processorWrapper))
    this.#topology = new Topology({}, this.#plan.builder)
  }

  /**
   * The records of a topic, of several with equal serdes, or of all whose whole name matches a pattern.
   *
   * Reading the same topics twice gives two streams from one source.
   *
   * @throws {MR_TOPOLOGY_NAME}; when building: {MR_TOPOLOGY_TOPIC_OVERLAP} {MR_TOPOLOGY_TOPIC_DUPLICATE} {MR_TOPOLOGY_TOPIC_PATTERN} {MR_TOPOLOGY_OFFSET_RESET}
   */
  stream<K, V>(topics: Topic<K, V> | readonly Topic<K, V>[], options?: SourceOptions): KStream<K, V>
  stream<K, V>(pattern: RegExp, options: PatternSourceOptions<K, V>): KStream<K, V>
  stream(
    topics: AnyTopic | readonly AnyTopic[] | RegExp,
    options: SourceOptions & Partial<PatternSourceOptions<any, any>> = {},
  ): KStream<any, any> {
    const plan = this.#plan
    const pattern = topics instanceof RegExp ? topics : null
    requireKnown(options, pattern === null ? sourceOptions : patternOptions, 'stream')
    const list = topics instanceof RegExp ? [] : ([topics].flat() as AnyTopic[])
    for (const each of list) requireTopic(each, 'stream')
    const key = pattern === null ? (list[0]?.key ?? null) : optional(options.key, toKeySerde)
    const value = pattern === null ? (list[0]?.value ?? null) : optional(options.value, toSerde)
    const name = plan.nameOr(options.name, 'KSTREAM-SOURCE-')
    const node = new SourcePlanNode(name, {
      topics: list.map((topic) => topic.name),
      pattern,
      key,
      value,
      acceptsNullKey: acceptsNull(list, key, 'key'),
      acceptsNullValue: acceptsNull(list, value, 'value'),
      ...reading(options),
    })
    plan.add(plan.root, node)
    return new KStream({ plan, name, node, key, value, sources: new Set([name]), repartitionRequired: false })
  }

  /**
   * The latest value per key of a topic; a null value deletes. It has a store only if it is named or somebody looks rows up.
   *
   * @throws {MR_TOPOLOGY_NAME}; when building: {MR_TOPOLOGY_TOPIC_DUPLICATE}
   */
  table<K, V>(
    topic: Topic<K, V>,
    options: SourceTableOptions<NotNull<K>, NotNull<V>> = {},
  ): KTable<NotNull<K>, NotNull<V>> {
    const plan = this.#plan
    const { name, node, sourceName, key, value, supplier, queryableName } = this.#tableNode(
      topic,
      requireKnown(options, sourceTableOptions, 'table'),
      false,
    )
    return new KTable({ plan, name, node, key, value, sources: new Set([sourceName]), queryableName, supplier })
  }

  /**
   * A table that every instance holds whole, so that streams can join it by any key. Always read from the beginning.
   *
   * @throws {MR_TOPOLOGY_VERSIONED} the store is versioned
   */
  globalTable<K, V>(
    topic: Topic<K, V>,
    options: SourceTableOptions<NotNull<K>, NotNull<V>> = {},
  ): GlobalKTable<NotNull<K>, NotNull<V>> {
    const { storeName, queryableName } = this.#tableNode(
      topic,
      requireKnown(options, sourceTableOptions, 'globalTable'),
      true,
    )
    return new GlobalKTable({ plan: this.#plan, queryableName, rows: storedTable(storeName) })
  }

  /** Adds a store; connect it to processors by naming it in their options. */
  addStateStore(store: StoreHandle<any, any>): this {
    this.#plan.addStore(givenStore(store))
    return this
  }

  /**
   * A store that every instance holds whole, filled by a processor of your own from a topic. Every processor may read it,
   * without being connected to it.
   */
  addGlobalStore<K, V>(store: StoreHandle<any, any>, topic: Topic<K, V>, options: GlobalStoreOptions): this {
    requireKnown(options, globalStoreOptions, 'addGlobalStore')
    const plan = this.#plan
    const sourceName = plan.nameOr(options.name, 'KSTREAM-SOURCE-', '-source')
    const processorName = plan.nameOr(options.name, 'KTABLE-SOURCE-')
    const source = sourceOf(topic, options, acceptsNull([topic], topic.value as Serde<unknown> | null, 'value'))
    const create = creator(options.processor, `The processor of store "${store.name}"`)
    const spec = { store: givenStore(store), topic: topic.name, sourceName, processorName, source, create }
    plan.add(
      plan.root,
      new PlanNode(sourceName, (builder) => builder.addGlobalStore({ ...spec, reprocessOnRestore: true })),
    )
    return this
  }

  /**
   * The topology of all that was drawn.
   *
   * @throws {MR_TOPOLOGY_…} what cannot be built
   */
  build(options: BuildOptions = {}): Topology {
    const given = { ...this.#options, ...requireKnown(options, buildOptions, 'build') }
    // As in Kafka, the builder's own properties do not turn optimization on, and only they require explicit names.
    const optimization =
      given.topologyOptimization ?? (options.properties?.['topology.optimization'] as string | undefined)
    this.#plan.build(optimizationsOf(optimization ?? undefined))
    const explicit = this.#options.properties?.['ensure.explicit.internal.resource.naming']
    if (given.ensureExplicitInternalResourceNaming ?? (explicit === true || explicit === 'true'))
      requireExplicitNames(this.#plan)
    return this.#topology
  }

  #tableNode(topic: AnyTopic, options: SourceTableOptions<any, any>, global: boolean) {
    const plan = this.#plan
    requireTopic(topic, global ? 'globalTable' : 'table')
    requireShape(options, 'table', 'a source table')
    const spec = materializedSpec(options)
    if (global && isVersioned(spec))
      throw new TopologyError('MR_TOPOLOGY_VERSIONED', {
        what: `globalTable "${topic.name}"`,
        reason: 'global tables cannot be versioned',
      })
    const topicSerdes = {
      ...(topic.key === null ? {} : { key: topic.key }),
      ...(topic.value === null ? {} : { value: topic.value }),
    }
    const prefix = `${topic.name}-`
    const materialized = materialize(plan, { ...spec, ...topicSerdes }, { prefix, key: null, value: null })
    const { storeName, queryableName } = materialized
    const sourceName = plan.nameOr(options.name, 'KSTREAM-SOURCE-', '-source')
    const name = plan.nameOr(options.name, 'KTABLE-SOURCE-')
    const supplier = tableSource<unknown, unknown>({ store: storeName, materialized: global || queryableName !== null })
    const store = tableStore(materialized)
    const { key, value } = materialized
    const source = { ...sourceOf(topic, options, true), key, value }
    const node = new TableSourcePlanNode({ sourceName, name, topic: topic.name, source, supplier, store, global })
    node.outputVersioned = isVersioned(spec)
    plan.add(plan.root, node)
    return { name, node, sourceName, storeName, key, value, supplier, queryableName }
  }
}

function sourceOf(topic: AnyTopic, options: SourceOptions, acceptsNullValue: boolean): SourceSpec {
  return {
    topics: [topic.name],
    key: topic.key,
    value: topic.value,
    acceptsNullKey: acceptsNull([topic], topic.key, 'key'),
    acceptsNullValue,
    ...reading(options),
  }
}

function reading(options: SourceOptions): Pick<SourceSpec, 'timestampExtractor' | 'offsetReset'> {
  return { timestampExtractor: options.timestampExtractor ?? null, offsetReset: resetOf(options.offsetReset) }
}

function resetOf(reset: OffsetResetOption | undefined): OffsetReset | null {
  if (reset === undefined) return null
  if (typeof reset === 'object') requireKnown(reset, ['duration'], 'offsetReset')
  return typeof reset === 'object' ? { durationMs: durationMs(reset.duration, 'offsetReset') } : requireReset(reset)
}

function optional<T>(given: T | undefined, serde: (given: T) => Serde<unknown>): Serde<unknown> | null {
  return given === undefined ? null : serde(given)
}

/** Null is refused unless a topic declares it; a topic without serdes declares nothing and takes all, as in Kafka. */
function acceptsNull(topics: readonly AnyTopic[], serde: Serde<unknown> | null, part: 'key' | 'value'): boolean {
  if (serde === null) return true
  return serde.nullable === true || topics.some((topic) => topic[part]?.nullable === true)
}
