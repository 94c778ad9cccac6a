/**
 * Runs a topology record by record, without a broker, without waiting, under any test runner.
 *
 * It is the runtime's own task code on a manual clock and a memory engine: all sub-topologies in one task with one
 * partition per topic. A piped record passes the whole topology before `pipe` returns: records written to topics that the
 * topology reads (repartition topics among them) are fed back, and after every single record stream-time punctuations
 * are checked, caches are flushed and the task commits. So what a test sees does not depend on timing or on the cache.
 */
import {
  ConfigError,
  type Duration,
  type HandleStore,
  noHeaders,
  type StateStore,
  type StoreHandle,
  type Topology,
} from '@millrace/core'
import { asHandleSays, type BuiltTopology, memoryEngine, requireEqualKeySerdes } from '@millrace/core/internal'
import { type Logger, silentLogger, type StoreEngine } from '@millrace/core/port'
import { GlobalTask, singleRecord, Task, TaskCounters } from '@millrace/runtime/internal'
import { CapturedTopics, type RawRecord } from './captured-topics.ts'
import { type DriverSettings, resolveDriverOptions, type TestDriverOptions } from './driver-options.ts'
import { ManualClock } from './manual-clock.ts'
import { type PipeOptions, TestInput } from './test-input.ts'
import { TestOutput } from './test-output.ts'
import type { TestTopic } from './test-topic.ts'

/** Bytes of a record to pipe. */
export interface RawInput {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number
  readonly headers?: RawRecord['headers']
}

/**
 * @example
 * using driver = new TopologyTestDriver(builder.build())
 * driver.input(sentences).pipe('one', 'to be or not to be')
 * driver.output(counts).readAll() // [{ key: 'to', value: 1, … }, …]
 */
export class TopologyTestDriver {
  /** The topology as it runs. */
  readonly topology: BuiltTopology
  private readonly settings: DriverSettings
  private readonly clock: ManualClock
  private readonly captured = new CapturedTopics()
  private readonly counters = new TaskCounters()
  private readonly engine: StoreEngine = memoryEngine('test-driver')
  private readonly memory: StoreEngine = memoryEngine('test-driver-memory')
  private readonly globalTask: GlobalTask | null
  private readonly task: Task | null
  private readonly offsets = new Map<string, number>()
  private open = true

  /**
   * Makes the tasks and initialises every processor.
   *
   * @throws {MR_CONFIG_…} for options that are not accepted, and for a source, sink or store without a serde
   * @throws {MR_RUNTIME_INIT} if `init` of a processor throws
   */
  constructor(topology: Topology, options: TestDriverOptions = {}) {
    this.settings = resolveDriverOptions(options)
    this.topology = topology.build(this.settings.build)
    if (this.settings.checksKeySerdes) requireEqualKeySerdes(this.topology, this.settings.build.serdes)
    this.clock = new ManualClock(this.settings.wallClockMs)
    this.globalTask = this.topology.globalStores.length === 0 ? null : this.makeGlobalTask()
    this.globalTask?.start()
    this.task = this.topology.subTopologies.length === 0 ? null : this.makeTask()
    this.task?.start()
  }

  /** Where records are put in: `driver.input(sentences).pipe('key', 'value')`. */
  input<K, V>(topic: TestTopic<K, V>): TestInput<K, V> {
    return new TestInput(topic, (record, options) => this.pipeTyped(topic.name, record, options))
  }

  /** Where records come out: `driver.output(counts).readAll()`. */
  output<K, V>(topic: TestTopic<K, V>): TestOutput<K, V> {
    return new TestOutput(topic, this.captured)
  }

  /**
   * Pipes the bytes of one record, as a broker would deliver them; the timestamp may be negative.
   *
   * @throws {MR_RUNTIME_TOPIC} if nothing reads the topic
   * @throws {MR_RECORD_…} if the record fails and its handler answers `fail`
   */
  pipeRaw(topic: string, record: RawInput): void {
    this.assertOpen()
    if (this.globalTask?.reads(topic) === true) {
      this.updateGlobal(topic, record)
      return
    }
    if (!this.enqueue(topic, record)) {
      throw new ConfigError('MR_RUNTIME_TOPIC', { topic, task: this.task?.name ?? 'of this topology' })
    }
    this.runToEnd()
  }

  /** Takes all records of a topic as bytes, also of changelog and repartition topics (with the application id). */
  readRaw(topic: string): readonly RawRecord[] {
    return this.captured.takeAll(topic)
  }

  /** Names of the topics that hold records which were not read yet. */
  topics(): readonly string[] {
    return this.captured.topics()
  }

  /** Moves wall-clock time; due wall-clock punctuations run, and everything that follows from them. */
  advanceWallClock(by: Duration): void {
    this.assertOpen()
    this.clock.advance(by)
    if (this.task === null) return
    this.task.punctuateWallClock(this.clock.nowMs())
    this.commit(this.task)
    this.runToEnd()
  }

  /** Wall-clock time, ms since the epoch. */
  nowMs(): number {
    return this.clock.nowMs()
  }

  /** How many partitions a partitioner is told a topic has; 1 unless set. */
  setPartitionCount(topic: string, count: number): void {
    this.captured.setPartitionCount(topic, count)
  }

  /**
   * A store by name or handle, also a global one, as processors see it: a handle gives the store of its kind, keys and
   * values, also where a table keeps times with its rows; a name gives what stands there.
   *
   * @throws {MR_STORE_UNKNOWN} if the topology has no such store
   */
  store<H extends StoreHandle<any, any>>(store: H): HandleStore<H>
  store<S extends StateStore = StateStore>(store: string): S
  store(store: string | StoreHandle<any, any>): StateStore {
    const name = typeof store === 'string' ? store : store.name
    const task = this.task?.store(name) === undefined ? this.globalTask : this.task
    const view = task?.view(name)
    if (view === undefined) throw new ConfigError('MR_STORE_UNKNOWN', { store: name })
    if (typeof store === 'string') return view
    const actual = task?.store(name)?.definition.kind
    return asHandleSays(view, { asked: store.kind, actual, timeMs: () => this.clock.nowMs() })
  }

  /** Counters by Kafka's names, e.g. `dropped-records-total`; only those that are not zero. */
  metrics(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counters.entries()].filter(([, value]) => value !== 0))
  }

  /** Flushes, commits and closes every processor; twice is harmless. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.task?.close(true)
    this.globalTask?.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  private makeTask(): Task {
    return Task.create({
      ...this.surroundings(),
      topology: this.topology,
      subTopology: null,
      id: { subTopology: 0, partition: 0 },
      engine: this.engine,
      memoryEngine: this.memory,
      globalStores: (name) => this.globalTask?.view(name),
    })
  }

  private makeGlobalTask(): GlobalTask {
    return new GlobalTask({
      ...this.surroundings(),
      topology: this.topology,
      engine: memoryEngine('test-driver-global'),
      memoryEngine: memoryEngine('test-driver-global-memory'),
    })
  }

  private surroundings(): {
    readonly applicationId: string
    readonly collector: CapturedTopics
    readonly clock: ManualClock
    readonly settings: DriverSettings['task']
    readonly handlers: DriverSettings['handlers']
    readonly logger: Logger
    readonly metrics: TaskCounters
  } {
    const { applicationId, handlers, logger } = this.settings
    return {
      applicationId,
      collector: this.captured,
      clock: this.clock,
      settings: this.settings.task,
      handlers,
      logger: logger ?? silentLogger,
      metrics: this.counters,
    }
  }

  private pipeTyped(topic: string, record: Omit<RawInput, 'timestampMs'>, options: PipeOptions): void {
    const timestampMs = options.timestampMs ?? this.clock.nowMs()
    this.pipeRaw(topic, { ...record, timestampMs })
  }

  /** Feeds back what was sent to topics that are read, and processes until no queue holds a record. */
  private runToEnd(): void {
    this.captureAndFeedBack()
    const { task } = this
    if (task === null) return
    while (task.process(1) === 1) {
      task.punctuateStreamTime()
      this.commit(task)
      this.captureAndFeedBack()
    }
  }

  private commit(task: Task): void {
    task.flushStores()
    const positions = task.committableOffsets()
    // The memory engine applies a batch before it returns; its promise only says so.
    void this.engine.write(task.stage())
    task.committed(positions)
  }

  private captureAndFeedBack(): void {
    for (const { topic, key, value, timestampMs, headers } of this.captured.capture()) {
      const record = { key, value, timestampMs: timestampMs ?? this.clock.nowMs(), headers }
      this.enqueue(topic, record)
      if (this.globalTask?.reads(topic) === true) this.updateGlobal(topic, record)
    }
  }

  /** @returns false if no source of a task reads the topic */
  private enqueue(topic: string, record: RawInput): boolean {
    const { task } = this
    if (task === null || !task.reads(topic)) return false
    task.enqueue(topic, 0, this.batch(topic, record))
    return true
  }

  private updateGlobal(topic: string, record: RawInput): void {
    this.globalTask?.update(topic, 0, this.batch(topic, record))
    this.globalTask?.flushStores()
  }

  private batch(topic: string, record: RawInput): ReturnType<typeof singleRecord> {
    const offset = this.offsets.get(topic) ?? 0
    this.offsets.set(topic, offset + 1)
    const { key, value, timestampMs, headers } = record
    return singleRecord({ key, value, timestampMs, headers: headers ?? noHeaders, offset })
  }

  private assertOpen(): void {
    if (!this.open) throw new ConfigError('MR_RUNTIME_CLOSED', { what: 'This TopologyTestDriver' })
  }
}
