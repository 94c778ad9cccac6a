/**
 * The application: a topology, options, and the concrete parts of this package put together — kafkajs' sockets or an
 * embedded broker, LevelDB or memory, Node's clock.
 */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedBroker } from '@millrace/broker'
import { ConfigError, type Serde, type StoreHandle, type Topology } from '@millrace/core'
import { type BuiltTopology, requireEqualKeySerdes, type SerdeDefaults } from '@millrace/core/internal'
import type { Logger, StoreEngineProvider } from '@millrace/core/port'
import type {
  AppState,
  CloseOptions,
  HandleView,
  InstanceMetadata,
  KeyMetadataOptions,
  KeyQueryMetadata,
  KeyValueView,
  LagInfo,
  Metric,
  NamedStoreQuery,
  QueryableStoreType,
  StateListener,
  StoreQuery,
  StoreView,
  WorkerTasks,
} from '@millrace/runtime'
import {
  nodeClock,
  nodeRandom,
  nodeTimers,
  nodeYield,
  requireMethods,
  storesMethods,
  type ResolvedOptions,
  resolveOptions,
  stderrLogger,
  StreamsRuntime,
  typeOfHandle,
} from '@millrace/runtime/internal'
import { msgpack } from '@millrace/serde-msgpack'
import { levelStores } from '@millrace/store-level'
import { memoryStores } from './memory-stores.ts'
import { presetOptions, type StreamsOptions } from './options.ts'
import { brokersOf, transportOf } from './transport-of.ts'

type AnyHandle = StoreHandle<any, any>

/**
 * Runs a topology.
 *
 * @example
 * await using app = new StreamsApp(builder.build(), { applicationId: 'word-count', kafka: { brokers: ['localhost:9092'] } })
 * await app.run() // starts, and closes cleanly on SIGINT or SIGTERM
 */
export class StreamsApp implements AsyncDisposable {
  readonly #runtime: StreamsRuntime
  readonly #logger: Logger

  /**
   * Checks options and topology; connects to nothing.
   *
   * @throws {MR_CONFIG_UNKNOWN} {MR_CONFIG_MISSING} {MR_CONFIG_INVALID} {MR_CONFIG_DURATION} {MR_CONFIG_CONFLICT} (ConfigError)
   * @throws {MR_CONFIG_SERDE} (ConfigError) a topic of the user has no serde and there is no default
   */
  constructor(topology: Topology, options: StreamsOptions) {
    const resolved = resolveOptions(options, presetOptions)
    const logger = resolved.logger ?? stderrLogger
    this.#logger = logger
    const serdes: SerdeDefaults = {
      key: keyForm(resolved.defaultKeySerde ?? msgpack()),
      value: resolved.defaultValueSerde ?? msgpack(),
    }
    const built = topology.build({
      serdes,
      suppliers: resolved.dslStoreSuppliers,
      format: resolved.dslStoreFormat,
    })
    requireSerdes(built, resolved)
    requireEqualKeySerdes(built, serdes)
    const { stores, stateDirectory } = storesOf(options, resolved, logger)
    const brokers = brokersOf(options.kafka)
    this.#runtime = new StreamsRuntime({
      topology: built,
      options: resolved,
      around: { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger },
      transport: transportOf(options.kafka, resolved.clientId ?? resolved.applicationId, logger),
      serdes,
      stateDirectory,
      stores,
      ...(brokers === null ? {} : { brokers }),
      yieldTurn: nodeYield,
    })
  }

  /** CREATED → REBALANCING ↔ RUNNING → PENDING_SHUTDOWN → NOT_RUNNING, or → PENDING_ERROR → ERROR. */
  get state(): AppState {
    return this.#runtime.state
  }

  /** Calls back after each change of state. @returns a function that stops it */
  onState(listener: StateListener): () => void {
    return this.#runtime.onState(listener)
  }

  /**
   * Starts; resolves when the cluster is reached and the workers run (state `REBALANCING`).
   *
   * @throws {MR_RUNTIME_UNREACHABLE} {MR_TRANSPORT_AUTHENTICATION} {MR_STORE_LOCKED} {MR_CONFIG_INVALID} {MR_RUNTIME_STATE} …
   */
  async start(): Promise<void> {
    await this.#runtime.start()
  }

  /**
   * Starts, and closes cleanly on SIGINT or SIGTERM; a second signal ends the process at once.
   *
   * @throws as `start`, and the error that stopped the application
   */
  async run(): Promise<void> {
    const signals = ['SIGINT', 'SIGTERM'] as const
    const onSignal = (signal: NodeJS.Signals): void => {
      for (const each of signals) process.removeListener(each, onSignal)
      this.#logger.info('closing', { signal })
      void this.close()
    }
    for (const signal of signals) process.on(signal, onSignal)
    try {
      await this.start()
      await this.#runtime.ended()
    } finally {
      for (const signal of signals) process.removeListener(signal, onSignal)
    }
  }

  /** Resolves when the application was closed; rejects with the error that stopped it. */
  async ended(): Promise<void> {
    await this.#runtime.ended()
  }

  /**
   * Commits, closes stores and connections; twice is harmless. Tells the group only with `leaveGroup: true`: otherwise
   * peers take over after the session timeout, and a quick restart finds its tasks again (as Kafka Streams).
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#runtime.close(options)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * A read-only view over the local partitions of a store. It stays valid over rebalances; its methods depend on the kind
   * of store: a handle knows its own, a name is asked as a key-value store or as the `type` given (Kafka:
   * `StoreQueryParameters` and `QueryableStoreTypes`).
   *
   * Stores of tables and aggregations keep a timestamp beside each value: it is shown by the `timestamped-` types only.
   *
   * @throws {MR_RUNTIME_STORE_UNKNOWN} {MR_RUNTIME_STORE_TYPE} (ConfigError); its methods: {MR_RUNTIME_STORE_UNAVAILABLE} (StoreUnavailableError)
   * @example
   * await app.store<string, number>('counts').get('word')
   * app.store<string, number>('per-minute', { type: 'window' }).fetch('word', fromMs, toMs)
   */
  store<H extends AnyHandle>(handle: H, query?: StoreQuery): HandleView<H>
  store<K = unknown, V = unknown>(
    name: string,
    query?: StoreQuery & { readonly type?: 'key-value' },
  ): KeyValueView<K, V>
  store<K = unknown, V = unknown>(
    name: string,
    query: NamedStoreQuery<'timestamped-key-value'>,
  ): StoreView<K, V, 'timestamped-key-value'>
  store<K = unknown, V = unknown>(
    name: string,
    query: NamedStoreQuery<'headers-key-value'>,
  ): StoreView<K, V, 'headers-key-value'>
  store<K = unknown, V = unknown>(name: string, query: NamedStoreQuery<'window'>): StoreView<K, V, 'window'>
  store<K = unknown, V = unknown>(
    name: string,
    query: NamedStoreQuery<'timestamped-window'>,
  ): StoreView<K, V, 'timestamped-window'>
  store<K = unknown, V = unknown>(
    name: string,
    query: NamedStoreQuery<'headers-window'>,
  ): StoreView<K, V, 'headers-window'>
  store<K = unknown, V = unknown>(name: string, query: NamedStoreQuery<'session'>): StoreView<K, V, 'session'>
  store<K = unknown, V = unknown>(name: string, query: NamedStoreQuery<'versioned'>): StoreView<K, V, 'versioned'>
  store(store: string | AnyHandle, query: StoreQuery & { readonly type?: QueryableStoreType } = {}): unknown {
    const { queries } = this.#runtime
    if (typeof store === 'string') return queries.store({ type: 'key-value', ...query, name: store })
    return queries.store({ ...query, type: typeOfHandle(store.kind), name: store.name })
  }

  /**
   * Removes the local state, which the next start restores from the changelogs. Before the start or after the end only.
   *
   * @throws {MR_RUNTIME_STATE} it runs; {MR_STORE_LOCKED} another process uses the directory; {MR_STORE_APPLICATION} the
   *   state is another application's
   */
  async cleanUp(): Promise<void> {
    await this.#runtime.cleanUp()
  }

  /** Suspends processing and punctuation; membership and restore go on. */
  pause(): void {
    this.#runtime.pause()
  }

  resume(): void {
    this.#runtime.resume()
  }

  get isPaused(): boolean {
    return this.#runtime.isPaused
  }

  /** Starts one more worker. @returns its name */
  addWorker(): string {
    return this.#runtime.addWorker()
  }

  /** Stops one worker, which leaves the group. @returns its name, null when there is none */
  async removeWorker(): Promise<string | null> {
    return this.#runtime.removeWorker()
  }

  /** All counters as of now, with Kafka's names. */
  metrics(): readonly Metric[] {
    return this.#runtime.metrics()
  }

  /** Instances that named an `applicationServer`, with what they hold, as of the last rebalance. */
  metadata(): readonly InstanceMetadata[] {
    return this.#runtime.queries.instances()
  }

  /**
   * Those of `metadata()` that hold a store or a copy of it.
   *
   * @throws {MR_RUNTIME_STORE_UNKNOWN} (ConfigError)
   */
  streamsMetadataForStore(store: string | AnyHandle): readonly InstanceMetadata[] {
    return this.#runtime.queries.instancesWith(nameOf(store))
  }

  /**
   * Which instance has a key of a store, and which have copies. The partition is that of Kafka's default partitioner for
   * the bytes of the key, or what `partitioner` says.
   *
   * @throws {MR_RUNTIME_STORE_UNKNOWN} {MR_CONFIG_SERDE} (ConfigError) {MR_RUNTIME_STATE} before the start
   * @example
   * const { activeHost } = await app.queryMetadataForKey('counts', 'word')
   */
  async queryMetadataForKey<K>(
    store: string | StoreHandle<K, any>,
    key: K,
    options: KeyMetadataOptions<K> = {},
  ): Promise<KeyQueryMetadata> {
    return this.#runtime.queries.keyMetadata(nameOf(store), key, options as KeyMetadataOptions)
  }

  /** How far each local store is behind its changelog, by store and partition. @throws {MR_RUNTIME_STATE} before the start */
  async allLocalStorePartitionLags(): Promise<ReadonlyMap<string, ReadonlyMap<number, LagInfo>>> {
    return this.#runtime.queries.lags()
  }

  /** Tasks of this process, by worker. */
  metadataForLocalWorkers(): readonly WorkerTasks[] {
    return this.#runtime.queries.localTasks()
  }
}

function nameOf(store: string | AnyHandle): string {
  return typeof store === 'string' ? store : store.name
}

/** The variant of a serde in which equal keys have equal bytes. */
function keyForm(serde: Serde<unknown>): Serde<unknown> {
  return serde.forKeys?.() ?? serde
}

/** Internal topics fall back to the preset's serde; topics of the user must say what is in them. */
function requireSerdes(topology: BuiltTopology, options: ResolvedOptions): void {
  for (const node of topology.nodes) {
    if (node.kind === 'processor') continue
    const topics = node.kind === 'source' ? node.topics : node.topic === null ? null : [node.topic]
    if (topics?.every((topic) => topology.isInternalTopic(topic)) === true) continue
    const what = `${node.kind} "${node.name}"`
    if (node.key === null && options.defaultKeySerde === null)
      throw new ConfigError('MR_CONFIG_SERDE', { what, part: 'key' })
    if (node.value === null && options.defaultValueSerde === null) {
      throw new ConfigError('MR_CONFIG_SERDE', { what, part: 'value' })
    }
  }
}

function storesOf(
  given: StreamsOptions,
  options: ResolvedOptions,
  logger: Logger,
): { readonly stores: StoreEngineProvider; readonly stateDirectory: string | null } {
  if (given.stores !== undefined) {
    if (options.stateDirectory !== null) {
      const reason = 'the stores given know their directory'
      throw new ConfigError('MR_CONFIG_CONFLICT', { options: 'stateDirectory, stores', reason })
    }
    return { stores: requireMethods('stores', given.stores, storesMethods), stateDirectory: null }
  }
  // the changelogs of a broker in memory end with it: state on disk would outlive them
  if (options.stateDirectory === null && given.kafka instanceof EmbeddedBroker && !given.kafka.isPersistent) {
    return { stores: memoryStores(), stateDirectory: null }
  }
  // applications may share the directory, as they may share Kafka's state.dir
  const stateDirectory = join(options.stateDirectory ?? join(tmpdir(), 'millrace'), options.applicationId)
  if (options.stateDirectory === null && process.env['NODE_ENV'] === 'production') {
    logger.warn('state is kept in the directory for temporary files; set stateDirectory', { directory: stateDirectory })
  }
  return { stores: levelStores({ directory: stateDirectory }), stateDirectory }
}
