/**
 * An embedded broker with applications of vectors on it: pipe records, wait until all of them are processed, stop, look at
 * every topic. What the drives, the metamorphic checks and the fuzzer stand on.
 */
import { EmbeddedBroker } from '@millrace/broker'
import { memoryStores } from '@millrace/core/internal'
import { type Logger, silentLogger, type StoreEngine, type StoreEngineProvider } from '@millrace/core/port'
import {
  Cluster,
  listGroupOffsets,
  listOffsets,
  listTopics,
  partitionForKey,
  Producer,
  readPartition,
} from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers, readPosition, type StreamsRuntime } from '@millrace/runtime/internal'
import type { ProducedRecord } from './decoding.ts'
import type { StepRecord } from './step-records.ts'
import type { Vector } from './vector.ts'
import {
  createVectorTopics,
  type Properties,
  type VectorApplication,
  vectorApplication,
  vectorRuntime,
} from './vector-runtime.ts'

/** What a run on a broker needs so that it can be compared: every update comes out, nothing old is deleted, no throttle. */
export const comparableProperties: Properties = {
  'statestore.cache.max.bytes': '0',
  'commit.interval.ms': '2',
  'poll.ms': '2',
  'repartition.purge.interval.ms': '86400000',
  'windowstore.changelog.additional.retention.ms': '4000000000000',
  '__emit.interval.ms.kstreams.windowed.aggregation__': '0',
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__': '0',
}

/** A record as it lies in a topic. */
export interface TopicRecord extends ProducedRecord {
  readonly timestampMs: number
  readonly partition: number
}

const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
const settleTimeoutMs = 20_000
const pauseMs = 2

/** One application that runs. */
export class RunningVector {
  readonly application: VectorApplication
  readonly #runtime: StreamsRuntime
  readonly #globalEngine: () => StoreEngine | undefined
  #failure: Error | null = null

  constructor(application: VectorApplication, runtime: StreamsRuntime, globalEngine: () => StoreEngine | undefined) {
    this.application = application
    this.#runtime = runtime
    this.#globalEngine = globalEngine
    runtime.ended().catch((error: Error) => {
      this.#failure = error
    })
  }

  /** Resolves when every task runs. @throws what stopped the application */
  async running(): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      this.#runtime.onState((state) => {
        if (state === 'RUNNING' || state === 'ERROR') resolve()
      })
    })
    await this.#runtime.start()
    if (this.#runtime.state !== 'RUNNING') await reached
    this.check()
  }

  /** @throws the error that stopped it */
  check(): void {
    if (this.#failure !== null) throw this.#failure
  }

  /** How far the global stores have read a partition. */
  async globalPosition(topic: string, partition: number): Promise<number> {
    const engine = this.#globalEngine()
    return engine === undefined ? 0 : ((await readPosition(engine, topic, partition)) ?? 0)
  }

  /** Commits and leaves the group. @throws the error that stopped it before */
  async stop(): Promise<void> {
    await this.#runtime.close({ leaveGroup: true })
    this.check()
  }
}

export class BrokerRig implements AsyncDisposable {
  readonly #broker: EmbeddedBroker
  readonly #admin: Cluster
  readonly #produce: Cluster
  readonly #producer: Producer
  readonly #running = new Set<RunningVector>()
  readonly #logger: Logger
  /** State by application id: a second run of an application finds what the first one left. */
  readonly #stores = new Map<string, StoreEngineProvider>()

  private constructor(broker: EmbeddedBroker, admin: Cluster, produce: Cluster, logger: Logger) {
    this.#broker = broker
    this.#admin = admin
    this.#produce = produce
    this.#producer = new Producer(produce, { lingerMs: 0 })
    this.#logger = logger
  }

  static async start(logger: Logger = silentLogger): Promise<BrokerRig> {
    const broker = await EmbeddedBroker.start({ config: { 'group.initial.rebalance.delay.ms': 0 } })
    const transport = broker.transport('rig')
    const [admin, produce] = [await transport.open('admin'), await transport.open('produce')]
    return new BrokerRig(broker, new Cluster(admin, around), new Cluster(produce, around), logger)
  }

  /** Creates the topics of the user with this many partitions; those that exist stay. */
  async createTopics(names: readonly string[], partitions: number = 1): Promise<void> {
    await createVectorTopics(this.#admin, names, partitions)
    await this.#produce.metadata.need(names)
  }

  /** Builds the application of a vector; nothing runs yet. */
  application(vector: Vector, applicationId: string, properties: Properties = {}): VectorApplication {
    return vectorApplication(vector, applicationId, { ...comparableProperties, ...properties })
  }

  /** Starts an instance and waits until it runs; the topics of the user must exist. */
  async run(application: VectorApplication, options: { readonly freshState?: boolean } = {}): Promise<RunningVector> {
    const { applicationId } = application.options
    let globalEngine: StoreEngine | undefined
    const known = this.#stores.get(applicationId)
    const provider = known === undefined || options.freshState === true ? memoryStores() : known
    this.#stores.set(applicationId, provider)
    const stores: StoreEngineProvider = {
      persistent: provider.persistent,
      open: async (name) => {
        const engine = await provider.open(name)
        if (name === 'global') globalEngine = engine
        return engine
      },
      destroy: async (name) => provider.destroy(name),
      list: async () => provider.list(),
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }
    const transport = this.#broker.transport(applicationId)
    const runtime = vectorRuntime(application, { transport, stores, stateDirectory: null, logger: this.#logger })
    const running = new RunningVector(application, runtime, () => globalEngine)
    this.#running.add(running)
    await running.running()
    return running
  }

  /** Sends records to the partitions of their keys, records without a key to partition 0, and waits until they are written. */
  async send(records: readonly StepRecord[]): Promise<void> {
    for (const { topic, key, value, timestampMs, headers } of records) {
      const count = this.#produce.metadata.topic(topic)?.partitions.length ?? 1
      const partition = key === null ? 0 : partitionForKey(key, count)
      this.#producer.append(topic, partition, key, value, timestampMs, headers)
    }
    await this.#producer.flush()
  }

  /**
   * Resolves when the application has read everything in its topics, repartition topics included.
   *
   * @throws what stopped the application, or an Error naming what is not read after 20 s
   */
  async settle(running: RunningVector): Promise<void> {
    const deadline = nodeClock.nowMs() + settleTimeoutMs
    for (;;) {
      running.check()
      const missing = await this.#missing(running)
      if (missing === null) return
      if (nodeClock.nowMs() > deadline) throw new Error(`not processed within ${settleTimeoutMs} ms: ${missing}`)
      await nodeTimers.sleep(pauseMs)
    }
  }

  /** All topics there are, with their records by partition; not those of the broker itself. */
  async read(): Promise<Map<string, TopicRecord[]>> {
    const topics = [...(await listTopics(this.#admin)).keys()].filter((name) => !name.startsWith('__'))
    const found = new Map<string, TopicRecord[]>(topics.toSorted().map((name) => [name, []]))
    for (const { topic, partition, offset: to } of await this.#ends(topics)) {
      const records = found.get(topic) ?? []
      const range = { topic, partition, from: 0, to }
      for await (const part of readPartition(this.#admin, range, { isolation: 'read_committed', maxWaitMs: 20 })) {
        for (const { records: batch, first } of part.batches) {
          for (let i = first; i < batch.count; i++) {
            const [key, value] = [batch.keyAt(i), batch.valueAt(i)]
            records.push({ key, value, timestampMs: batch.timestampAt(i), headers: batch.headersAt(i), partition })
          }
        }
      }
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) await running.stop().catch(() => undefined)
    await this.#producer.close()
    await this.#produce.close()
    await this.#admin.close()
    await this.#broker.close()
  }

  async #missing(running: RunningVector): Promise<string | null> {
    const { topics, options } = running.application
    // Committed offsets first: what they cover has been written downstream before.
    const committed = await listGroupOffsets(this.#admin, options.applicationId)
    for (const { topic, partition, offset } of await this.#ends(topics.read)) {
      const done = committed.find((one) => one.topic === topic && one.partition === partition)?.offset ?? 0
      if (done < offset) return `${topic}-${partition}: ${done} of ${offset}`
    }
    for (const { topic, partition, offset } of await this.#ends(topics.global)) {
      const done = await running.globalPosition(topic, partition)
      if (done < offset) return `${topic}-${partition} of the global stores: ${done} of ${offset}`
    }
    return null
  }

  async #ends(topics: readonly string[]): Promise<{ topic: string; partition: number; offset: number }[]> {
    if (topics.length === 0) return []
    const metadata = await this.#admin.metadata.need(topics)
    const queries = metadata.flatMap(({ name, partitions }) =>
      partitions.map((_, partition) => ({ topic: name, partition, at: 'latest' as const })),
    )
    return listOffsets(this.#admin, queries)
  }
}
