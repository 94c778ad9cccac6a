/**
 * Keeps the stores that every instance holds whole: reads all partitions of their topics, first to their ends, then on and
 * on. One per process, with a connection of its own, outside the group.
 *
 * Rows that are there from an earlier start are of use only while their position is inside the topic. When it is not, the
 * topic was deleted and created anew: the rows are removed and the topic is read from its start. When that happens while
 * the stores are in use, the application ends with the error, as Kafka does, and the next start reads anew.
 */
import {
  ConfigError,
  formatTopicPartition,
  type StateStore,
  TaskCorruptedError,
  type TopicPartition,
} from '@millrace/core'
import { type ChangelogRecord, memoryEngine } from '@millrace/core/internal'
import type { EngineOperation, TransportChannel } from '@millrace/core/port'
import { Cluster, type FetchedPartition, Fetcher, listOffsets, monotonicMs } from '@millrace/protocol'
import { positionOperation, readPosition, restoredThrough } from '../changelog/positions.ts'
import type { HeldEngine } from '../changelog/task-engines.ts'
import { GlobalTask } from '../task/global-task.ts'
import { TaskCounters } from '../task/task-counters.ts'
import type { AppContext } from './app-context.ts'
import { FetchedRecords } from './fetched-records.ts'
import { taskSettings } from './task-settings.ts'

/** Name of the engine. */
const engineName = 'global'
const pollMs = 100

export class GlobalUpdater {
  readonly #app: AppContext
  readonly #counters = new TaskCounters()
  #cluster: Cluster | null = null
  #fetcher: Fetcher | null = null
  #engine: HeldEngine | null = null
  #task: GlobalTask | null = null
  #ends = new Map<string, number>()
  #caughtUp = false
  /** The rows are of a topic that is no more: they go when the engine is closed. */
  #isOutdated = false
  #stopped = false
  #starting: Promise<void> | null = null
  #loop: Promise<void> | null = null
  #committedAtMs = 0
  readonly #touched = new Map<string, TopicPartition & { offset: number }>()

  constructor(app: AppContext) {
    this.#app = app
  }

  /** The view of a global store; undefined when there is none of that name. */
  view(name: string): StateStore | undefined {
    return this.#task?.view(name)
  }

  /**
   * Opens the stores and reads their topics to the ends as they are now.
   *
   * @throws {MR_RUNTIME_TOPIC_MISSING} (ConfigError) a topic of a global store does not exist
   */
  async start(channel: TransportChannel): Promise<void> {
    this.#starting = this.#start(channel)
    await this.#starting
  }

  async #start(channel: TransportChannel): Promise<void> {
    const { options, around } = this.#app
    const cluster = new Cluster(channel, around, { requestTimeoutMs: options.requestTimeoutMs })
    this.#cluster = cluster
    const isolation = options.processingGuarantee === 'exactly-once' ? 'read_committed' : 'read_uncommitted'
    this.#fetcher = new Fetcher(cluster, {
      isolation,
      maxWaitMs: options.fetchMaxWaitMs,
      onOutOfRange: () => {
        this.#isOutdated = true
        return null
      },
    })
    try {
      await this.#open(cluster)
    } catch (error) {
      if (!(error instanceof TaskCorruptedError)) throw error
      around.logger.warn('global state is removed and read anew', { reason: error.message })
      this.#task?.close()
      await this.#engine?.destroy(error)
      await this.#open(cluster)
    }
    this.#task?.start()
    while (!this.#isCaughtUp() && !this.#stopped) await this.#once()
    this.#caughtUp = true
    await this.#commit()
  }

  /** @throws {MR_RUNTIME_CHANGELOG_RANGE} {MR_STORE_CORRUPT} (TaskCorruptedError) the rows are of no use */
  async #open(cluster: Cluster): Promise<void> {
    const { topology, options, around, serdes } = this.#app
    const layout = topology.globalStores.map(({ definition }) => `${definition.kind}:${definition.name}`).join('\n')
    this.#engine = await this.#app.engines.open(engineName, layout)
    this.#task = new GlobalTask({
      topology,
      engine: this.#engine.engine,
      memoryEngine: memoryEngine(engineName),
      applicationId: options.applicationId,
      clock: around.clock,
      settings: { ...taskSettings(this.#app, 1), serdes, cacheBytesMax: 0 },
      handlers: options.handlers,
      logger: around.logger,
      metrics: this.#counters,
    })
    await this.#begin(cluster)
    await this.#task.load()
  }

  /** Goes on reading beside the workers. @param onFailure what ends it; called at most once */
  follow(onFailure: (error: unknown) => void): void {
    this.#loop = (async () => {
      while (!this.#stopped) await this.#once()
    })().catch(onFailure)
  }

  async close(): Promise<void> {
    this.#stopped = true
    this.#fetcher?.wakeup()
    await this.#loop
    try {
      if (this.#caughtUp && !this.#isOutdated) await this.#commit(true)
    } finally {
      await this.#letGo()
      await this.#fetcher?.close()
      await this.#cluster?.close()
      // A start that waits for the cluster fails now; one that waits for the disk gets its engine only now.
      await this.#starting?.catch(() => undefined)
      await this.#letGo()
    }
  }

  async #letGo(): Promise<void> {
    const [task, engine] = [this.#task, this.#engine]
    this.#task = null
    this.#engine = null
    task?.close()
    await (this.#isOutdated ? engine?.destroy(null) : engine?.release())
  }

  async #begin(cluster: Cluster): Promise<void> {
    const topics = [...new Set(this.#app.topology.globalStores.map(({ topic }) => topic))]
    const known = await cluster.metadata.need(topics).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'MR_PROTOCOL_TOPIC_MISSING') throw error
      throw new ConfigError('MR_RUNTIME_TOPIC_MISSING', { topics: topics.join(', ') }, { cause: error })
    })
    const partitions = known.flatMap(({ name, partitions: list }) =>
      list.map(({ partition }) => ({ topic: name, partition })),
    )
    const at = ['earliest', 'latest'] as const
    const bounds = await listOffsets(
      cluster,
      partitions.flatMap((one) => at.map((place) => ({ ...one, at: place }))),
    )
    const engine = this.#engine?.engine
    const begins: (TopicPartition & { readonly offset: number })[] = []
    for (const [i, { topic, partition }] of partitions.entries()) {
      const [start, end] = [bounds[2 * i]?.offset ?? 0, bounds[2 * i + 1]?.offset ?? 0]
      const isMemory = this.#app.topology.globalStores.some(
        (store) => store.topic === topic && store.definition.type === 'memory',
      )
      const stored = isMemory || engine === undefined ? null : await readPosition(engine, topic, partition)
      if (stored !== null && (stored < start || stored > end)) {
        throw new TaskCorruptedError('MR_RUNTIME_CHANGELOG_RANGE', { topic, partition, position: stored, start, end })
      }
      this.#ends.set(formatTopicPartition(topic, partition), end)
      begins.push({ topic, partition, offset: stored ?? start })
    }
    for (const { name: topic, partitions: list } of known) await this.#requireNone(topic, list.length)
    this.#fetcher?.assign(begins)
  }

  /** @throws {MR_RUNTIME_CHANGELOG_RANGE} (TaskCorruptedError) there are rows of a partition that the topic does not have */
  async #requireNone(topic: string, partition: number): Promise<void> {
    const position = this.#engine === null ? null : await readPosition(this.#engine.engine, topic, partition)
    if (position === null) return
    throw new TaskCorruptedError('MR_RUNTIME_CHANGELOG_RANGE', { topic, partition, position, start: 0, end: 0 })
  }

  #isCaughtUp(): boolean {
    const fetcher = this.#fetcher
    return (fetcher?.assignment() ?? []).every(({ topic, partition }) => {
      const end = this.#ends.get(formatTopicPartition(topic, partition)) ?? 0
      return (fetcher?.position(topic, partition) ?? 0) >= end
    })
  }

  async #once(): Promise<void> {
    for (const part of await this.#poll()) this.#apply(part)
    const nowMs = monotonicMs(this.#app.around.clock)
    if (nowMs - this.#committedAtMs >= this.#app.options.commitIntervalMs) await this.#commit()
    await this.#app.yieldTurn()
  }

  async #poll(): Promise<readonly FetchedPartition[]> {
    try {
      return (await this.#fetcher?.poll(pollMs)) ?? []
    } catch (error) {
      if ((error as { code?: string }).code === 'MR_PROTOCOL_TOPIC_REPLACED') this.#isOutdated = true
      throw error
    }
  }

  #apply({ topic, partition, batches, nextOffset }: FetchedPartition): void {
    const task = this.#task
    if (task === null) return
    const copied = this.#caughtUp
      ? []
      : task.restorable().filter(({ plan }) => plan.topic === topic && !plan.reprocessOnRestore)
    for (const { records, first } of batches) {
      const fetched = new FetchedRecords(records, first, records.header.lastOffset + 1)
      if (copied.length === 0) task.update(topic, partition, fetched)
      else for (const { store } of copied) store.restore(changelogRecords(fetched))
    }
    this.#touched.set(formatTopicPartition(topic, partition), { topic, partition, offset: nextOffset })
  }

  async #commit(sync: boolean = false): Promise<void> {
    this.#committedAtMs = monotonicMs(this.#app.around.clock)
    const task = this.#task
    if (task === null || this.#touched.size === 0) return
    task.flushStores()
    const operations: EngineOperation[] = task.stage()
    for (const { topic, partition, offset } of this.#touched.values()) {
      operations.push(positionOperation(topic, partition, restoredThrough(offset)))
    }
    this.#touched.clear()
    await this.#engine?.engine.write(operations, { sync })
    task.committed()
  }
}

function changelogRecords(records: FetchedRecords): ChangelogRecord[] {
  const copied: ChangelogRecord[] = []
  for (let i = 0; i < records.count; i++) {
    const key = records.keyAt(i)
    if (key === null) continue
    copied.push({ key, value: records.valueAt(i), timestampMs: records.timestampAt(i), headers: records.headersAt(i) })
  }
  return copied
}
