/**
 * A plain client beside the streams: create topics, write typed records, read them back, see how far a group has come.
 *
 * For programs that feed a topology or look at its results; the topology itself needs none of it.
 */
import {
  ConfigError,
  type Duration,
  durationMs,
  formatTopicPartition,
  type Topic,
  type TopicPartition,
} from '@millrace/core'
import type { Logger } from '@millrace/core/port'
import {
  assertTopics,
  Cluster,
  createTopics,
  isAlreadyThere,
  listGroupOffsets,
  listOffsets,
  listTopics,
  type Surroundings,
  topicsOfGroup,
  waitForTopics,
} from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers, reachCluster, stderrLogger } from '@millrace/runtime/internal'
import { brokersOf, type KafkaTarget, transportOf } from '../transport-of.ts'
import { type ReaderOptions, readTopic, type ReadRecord } from './topic-reader.ts'
import { TopicWriter, type WriterOptions } from './topic-writer.ts'

export interface KafkaClientOptions {
  /** Shown in broker logs; default `millrace-client`. */
  readonly clientId?: string
  /** Where log lines go; default: warnings and errors to standard error. */
  readonly logger?: Logger
  /** How long a cluster that does not answer is tried; default 30 s. */
  readonly reachTimeout?: Duration
}

/** How many partitions, and topic configuration by Kafka's names. */
export interface TopicSettings {
  /** Default 1. */
  readonly partitions?: number
  /** Default: the broker's. */
  readonly replicationFactor?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** How far a group has come in one partition. */
export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** Next offset the group will read; where the log begins when it has committed nothing here yet. */
  readonly committed: number
  readonly end: number
  /** Offsets between the two; 0 = everything that was there is processed and committed. */
  readonly lag: number
}

/**
 * @example
 * await using client = new KafkaClient({ brokers: ['localhost:9092'] })
 * await client.createTopics([orders], { partitions: 6 })
 * const writer = client.writer(orders)
 * writer.send('a', { total: 12 })
 * await writer.flush()
 */
export class KafkaClient implements AsyncDisposable {
  readonly #transport: ReturnType<typeof transportOf>
  readonly #around: Surroundings
  readonly #brokers: string | null
  readonly #reachTimeoutMs: number
  readonly #writers = new Set<TopicWriter<never, never>>()
  #admin: Promise<Cluster> | null = null

  /** @throws {MR_CONFIG_MISSING} {MR_CONFIG_INVALID} for options without brokers or with wrong addresses */
  constructor(kafka: KafkaTarget, options: KafkaClientOptions = {}) {
    const logger = options.logger ?? stderrLogger
    this.#brokers = brokersOf(kafka)
    this.#reachTimeoutMs = durationMs(options.reachTimeout ?? 30_000, 'reachTimeout')
    this.#transport = transportOf(kafka, options.clientId ?? 'millrace-client', logger)
    this.#around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger }
  }

  /**
   * Creates the topics that do not exist and resolves when all have leaders.
   *
   * @returns names of those that were created
   * @throws {MR_RUNTIME_UNREACHABLE} no broker answers; the log says so long before
   */
  async createTopics(topics: readonly { readonly name: string }[], settings: TopicSettings = {}): Promise<string[]> {
    const admin = await this.#adminCluster()
    const { partitions = 1, replicationFactor = -1, configs = {} } = settings
    const wanted = topics.map(({ name }) => ({ name, partitions, replicationFactor, configs }))
    const results = await createTopics(admin, wanted)
    assertTopics(results.filter((result) => !isAlreadyThere(result)))
    await waitForTopics(
      admin,
      topics.map(({ name }) => name),
      { missingMs: 10_000 },
    )
    return results.filter(({ error }) => error === null).map(({ name }) => name)
  }

  /** Opens a writer; it is closed with the client at the latest. */
  writer<K, V>(topic: Topic<K, V>, options: WriterOptions = {}): TopicWriter<K, V> {
    const cluster = this.#transport.open('produce').then((channel) => new Cluster(channel, this.#around))
    const writer = new TopicWriter(topic, cluster, options)
    this.#writers.add(writer as unknown as TopicWriter<never, never>)
    return writer
  }

  /** The records of a topic from its beginning to its end as of now, partition after partition. */
  async *read<K, V>(topic: Topic<K, V>, options: ReaderOptions = {}): AsyncGenerator<ReadRecord<K, V>> {
    const cluster = new Cluster(await this.#transport.open('fetch'), this.#around)
    try {
      yield* readTopic(cluster, topic, options)
    } finally {
      await cluster.close()
    }
  }

  /**
   * Committed and end offsets of every partition that the group reads: of the topics named, or else of those that its
   * members ask for, of those it has committed for, and of its own repartition topics. What it did not begin counts from
   * where the log begins.
   *
   * An empty list would look like a group that has processed everything, so there is none: name the topics where the group
   * may not have begun yet.
   *
   * @throws {MR_CONFIG_INVALID} (ConfigError) no topics are named, and nobody in the group reads any or ever has
   */
  async lag(groupId: string, topics: readonly string[] = []): Promise<PartitionLag[]> {
    const admin = await this.#adminCluster()
    // committed offsets first: what is read afterwards can only be further, so that 0 means done
    const offsets = await listGroupOffsets(admin, groupId)
    const asked = topics.length > 0 ? topics : await topicsOfGroup(admin, groupId)
    const names = new Set([...asked, ...offsets.map(({ topic }) => topic)])
    for (const name of (await listTopics(admin)).keys()) {
      if (name.startsWith(`${groupId}-`) && name.endsWith('-repartition')) names.add(name)
    }
    if (names.size === 0) {
      const accepted = `a group that has members or has committed offsets, or name its topics: lag("${groupId}", ["orders"])`
      throw new ConfigError('MR_CONFIG_INVALID', { option: 'groupId', value: `"${groupId}"`, accepted })
    }
    const metadata = await waitForTopics(admin, [...names])
    const partitions = metadata.flatMap(({ name, partitions: all }) =>
      all.map((_, partition) => ({ topic: name, partition })),
    )
    const committed = new Map(
      offsets.flatMap(({ topic, partition, offset }) =>
        offset < 0 ? [] : [[formatTopicPartition(topic, partition), offset]],
      ),
    )
    const isNew = ({ topic, partition }: TopicPartition): boolean =>
      !committed.has(formatTopicPartition(topic, partition))
    for (const { topic, partition, offset } of await listOffsets(admin, at(partitions.filter(isNew), 'earliest'))) {
      committed.set(formatTopicPartition(topic, partition), offset)
    }
    return (await listOffsets(admin, at(partitions, 'latest'))).map(({ topic, partition, offset: end }) => {
      const from = committed.get(formatTopicPartition(topic, partition)) ?? 0
      return { topic, partition, committed: from, end, lag: Math.max(0, end - from) }
    })
  }

  /** Closes writers and sockets; twice is harmless. `flush` writers first to lose nothing. */
  async close(): Promise<void> {
    await Promise.all([...this.#writers].map((writer) => writer.close()))
    this.#writers.clear()
    await (await this.#admin?.catch(() => null))?.close()
    this.#admin = null
    await this.#transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #adminCluster(): Promise<Cluster> {
    this.#admin ??= this.#reached().catch((error: unknown) => {
      this.#admin = null
      throw error
    })
    return this.#admin
  }

  /** @throws {MR_RUNTIME_UNREACHABLE} {MR_TRANSPORT_AUTHENTICATION} {MR_CONFIG_INVALID} */
  async #reached(): Promise<Cluster> {
    const cluster = new Cluster(await this.#transport.open('admin'), this.#around)
    try {
      await reachCluster(cluster, { timeoutMs: this.#reachTimeoutMs, brokers: this.#brokers })
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }
}

function at<A extends 'earliest' | 'latest'>(
  places: readonly TopicPartition[],
  where: A,
): (TopicPartition & { at: A })[] {
  return places.map((place) => ({ ...place, at: where }))
}
