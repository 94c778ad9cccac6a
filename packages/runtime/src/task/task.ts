/**
 * A task: one sub-topology on one partition number, alive. Raw records go in, each passes the whole sub-topology before
 * the next one begins, records for sinks and changelogs come out. Everything is synchronous except loading stores.
 *
 * Life: `Task.create` → `changelogs()` are restored through `LiveStore.restore` → `await load()` → `start(committed)` →
 * rounds of enqueue, process, punctuate → commits → `close`. A commit is `flushStores`, (the worker waits for all produce
 * acknowledgements), `committableOffsets` and `stage`, (engine batch and offset commit in the order of the guarantee),
 * `committed`.
 *
 * The stream loop owns when; the task owns what. The test driver drives the same code on a manual clock.
 */
import { FatalError, formatTopicPartition, type StateStore, StreamsError, type TaskId } from '@millrace/core'
import { type BuiltTopology, decodeCommitMetadata, encodeCommitMetadata, type LiveStore } from '@millrace/core/internal'
import type { EngineOperation } from '@millrace/core/port'
import { toError } from '../handler/dead-letter.ts'
import { processingError } from '../handler/processing.ts'
import { buildGraph, type Graph } from './graph.ts'
import type { LiveSource } from './live-source.ts'
import { PartitionGroup } from './partition-group.ts'
import { partOf } from './task-part.ts'
import type { PartitionPosition, RawRecords, TaskChangelog } from './ports.ts'
import { Punctuations } from './punctuation.ts'
import { RecordQueue } from './record-queue.ts'
import type { TaskOptions } from './task-options.ts'
import { TaskState } from './task-state.ts'
import { TaskStores } from './task-stores.ts'

export class Task {
  readonly id: TaskId
  /** `0_3` */
  readonly name: string
  private readonly topology: BuiltTopology
  private readonly state: TaskState
  private readonly stores: TaskStores
  private readonly graph: Graph
  private readonly group = new PartitionGroup()
  private readonly punctuations: Punctuations
  /** Positions that differ from these are committable. */
  private readonly committedOffsets = new Map<string, number>()
  private started = false
  private closed = false
  private dirty = false
  private recordsSinceFlush = 0
  private lastSource = ''

  /**
   * Builds the graph and opens the stores; calls no user code.
   *
   * @throws {MR_CONFIG_SERDE} if a source, sink or store has no serde
   */
  static create(options: TaskOptions): Task {
    return new Task(options)
  }

  /** create, load and start, for a task that has nothing to restore. */
  static async open(options: TaskOptions): Promise<Task> {
    const task = new Task(options)
    await task.load()
    task.start()
    return task
  }

  private constructor(options: TaskOptions) {
    this.id = options.id
    this.topology = options.topology
    this.state = new TaskState(options)
    this.name = this.state.taskName
    this.punctuations = new Punctuations(this.state)
    const { topology, state } = this
    const { engine, memoryEngine } = options
    const { nodes, stores } = partOf(topology, options.subTopology)
    const globalStores = options.globalStores ?? ((): undefined => undefined)
    this.stores = new TaskStores({ topology, stores, state, engine, memoryEngine, globalStores })
    const { punctuations } = this
    this.graph = buildGraph({ topology, nodes, state, stores: this.stores, punctuations, handlesErrors: true })
    for (const { topic, partition } of options.inputs ?? []) this.queueOf(topic, partition)
  }

  /** Stores with a changelog, in the order in which they are opened. */
  changelogs(): readonly TaskChangelog[] {
    return this.stores.changelogs
  }

  /** After restore: everything that must be in memory is read. */
  load(): Promise<void> {
    return this.stores.load()
  }

  /**
   * Makes every processor and calls its `init`, in the order in which they were added to the topology. Partition times
   * are taken up from what was committed.
   *
   * @throws {MR_RUNTIME_INIT} if `init` of a processor throws
   */
  start(committed: readonly PartitionPosition[] = []): void {
    this.state.readClock()
    for (const position of committed) {
      const queue = this.queueOf(position.topic, position.partition)
      queue.partitionTimeMs = decodeCommitMetadata(position.metadata).partitionTimeMs
      if (queue.partitionTimeMs > this.state.streamTimeMs) this.state.streamTimeMs = queue.partitionTimeMs
      this.committedOffsets.set(formatTopicPartition(position.topic, position.partition), position.offset)
    }
    this.started = true
    for (const processor of this.graph.processors) processor.init()
  }

  /**
   * Appends raw records of one input partition; the first one may be decoded at once.
   *
   * @returns how many records the partition now holds
   * @throws {MR_RUNTIME_TOPIC} if no source reads the topic
   */
  enqueue(topic: string, partition: number, records: RawRecords): number {
    const queue = this.group.get(topic, partition) ?? this.queueOf(topic, partition)
    const wasEmpty = queue.size === 0
    queue.add(records)
    if (wasEmpty && queue.size > 0) this.group.becameNonEmpty(queue)
    // Nothing but markers or aborted records: the position moves, and is committed, all the same (KAFKA-6607).
    const { size, position } = queue
    if (size === 0 && this.committedOffsets.get(formatTopicPartition(topic, partition)) !== position) this.dirty = true
    return size
  }

  /** True when one of its sources reads the topic. */
  reads(topic: string): boolean {
    return this.sourceOf(topic) !== undefined
  }

  /** Records of one input partition that wait to be processed. */
  buffered(topic: string, partition: number): number {
    return this.group.get(topic, partition)?.size ?? 0
  }

  /** True when every input partition known so far has a record; if not, the worker decides whether to wait. */
  get allBuffered(): boolean {
    return this.group.allBuffered
  }

  /**
   * Processes up to `recordsMax` records, oldest head first. Stops when an input runs empty: whether to go on without it is
   * decided for each record, as in Kafka (`max.task.idle.ms`), and the worker knows what the broker has.
   *
   * @returns how many were taken
   * @throws {MR_RECORD_PROCESS} {MR_RECORD_DESERIALIZE} … when a record handler answered `fail`: the task is to be closed
   */
  process(recordsMax: number): number {
    this.state.readClock()
    let taken = 0
    const { group } = this
    const wasComplete = group.allBuffered
    try {
      while (taken < recordsMax && this.processNext()) {
        taken++
        if (wasComplete && !group.allBuffered) break
      }
    } catch (thrown) {
      throw this.failure(thrown)
    }
    return taken
  }

  // RECORD PATH 4/8: the source node forwards the record to its children, depth first, until it has passed every node.
  private processNext(): boolean {
    const queue = this.group.poll()
    if (queue === undefined) return false
    const { state } = this
    const headTimeMs = queue.order
    const record = queue.take()
    this.group.giveBack(queue)
    this.dirty = true
    if (record === null) return true
    if (headTimeMs > state.streamTimeMs) state.streamTimeMs = headTimeMs
    const { current } = state
    current.timestampMs = headTimeMs
    current.headers = record.headers
    current.topic = queue.topic
    current.partition = queue.partition
    current.offset = queue.metadata.offset
    state.metadata = queue.metadata
    state.holdSource(queue)
    this.recordsSinceFlush++
    this.lastSource = queue.source.name
    queue.source.context.forward(record)
    return true
  }

  /** @returns true if a punctuation was called */
  punctuateStreamTime(): boolean {
    const called = this.punctuations.punctuateStreamTime()
    if (called) this.dirty = true
    return called
  }

  /** @returns true if a punctuation was called */
  punctuateWallClock(nowMs: number): boolean {
    this.state.readClock()
    const called = this.punctuations.punctuateWallClock(nowMs)
    if (called) this.dirty = true
    return called
  }

  /** True when something was processed or punctuated since the last commit. */
  get commitNeeded(): boolean {
    return this.dirty
  }

  /** A processor asked for a commit. */
  get commitRequested(): boolean {
    return this.state.commitRequested
  }

  get streamTimeMs(): number {
    return this.state.streamTimeMs
  }

  /** Bytes of store entries that are not in the engine yet. */
  get pinnedBytes(): number {
    return this.stores.pinnedBytes
  }

  /**
   * Cached updates go to changelogs and downstream, as part of a commit.
   *
   * The source bytes of an update are known only when one single record was processed since the last flush.
   *
   * @throws {MR_STORE_FLUSH} if a node below a cached store fails
   */
  flushStores(): void {
    if (this.recordsSinceFlush !== 1) this.forgetSource()
    this.recordsSinceFlush = 0
    this.stores.flush()
  }

  /** The record that was processed last, as its context tells it; undefined when none is known. */
  get lastRecord(): TaskState['metadata'] {
    return this.state.metadata
  }

  /** Positions that have moved since the last commit. */
  committableOffsets(): readonly PartitionPosition[] {
    const positions: PartitionPosition[] = []
    for (const queue of this.group.all()) {
      const { topic, partition, position: offset } = queue
      if (offset < 0 || this.committedOffsets.get(formatTopicPartition(topic, partition)) === offset) continue
      positions.push({ topic, partition, offset, metadata: metadataOf(queue) })
    }
    return positions
  }

  /** The next record of each input; −1 as offset while nothing of it was committed or read. */
  positions(): readonly PartitionPosition[] {
    return Array.from(this.group.all(), (queue) => {
      const { topic, partition, position } = queue
      const offset =
        position >= 0 ? position : (this.committedOffsets.get(formatTopicPartition(topic, partition)) ?? -1)
      return { topic, partition, offset, metadata: metadataOf(queue) }
    })
  }

  /**
   * A position of some input that may be committed although it has not moved: a transaction without new input is fenced by
   * it. Null while no position is known.
   */
  anchor(): PartitionPosition | null {
    return this.positions().find(({ offset }) => offset >= 0) ?? null
  }

  /** Where reading of an input begins of which nothing was committed and nothing enqueued yet. */
  begin(topic: string, partition: number, offset: number): void {
    this.queueOf(topic, partition).begin(offset)
  }

  /** Operations of all disk stores, for one engine batch; `committed` or `rollback` follows. */
  stage(): EngineOperation[] {
    return this.stores.stage()
  }

  /** The engine batch is written and the offsets are committed. */
  committed(positions: readonly PartitionPosition[] = []): void {
    this.stores.committed()
    for (const { topic, partition, offset } of positions) {
      this.committedOffsets.set(formatTopicPartition(topic, partition), offset)
    }
    this.dirty = false
    this.state.commitRequested = false
  }

  /**
   * The transaction was aborted: stores drop what is not in the engine, queues are emptied, processors are closed.
   * `load` and `start` make the task run again, from the committed offsets.
   */
  rollback(): void {
    this.closeProcessors(false)
    this.stores.rollback()
    this.group.clear()
    this.punctuations.clear()
    this.state.setNoRecord(-1)
    this.state.streamTimeMs = -1
    this.state.commitRequested = false
    this.recordsSinceFlush = 0
    this.dirty = false
  }

  /**
   * Closes processors and stores; twice is harmless. The engine stays open, it belongs to the worker.
   *
   * @param clean false: errors of processors are only logged
   * @throws {MR_RUNTIME_CLOSE} the first error of a processor's `close`, after everything was closed
   */
  close(clean: boolean): void {
    if (this.closed) return
    this.closed = true
    try {
      this.closeProcessors(clean)
    } finally {
      this.stores.close()
      this.group.clear()
      this.punctuations.clear()
    }
  }

  /** A live store by name; undefined when this task has none of it. */
  store(name: string): LiveStore | undefined {
    return this.stores.live(name)
  }

  /** The typed view of a store; undefined when this task has none of it. */
  view(name: string): StateStore | undefined {
    return this.stores.live(name)?.view
  }

  private closeProcessors(clean: boolean): void {
    if (!this.started) return
    this.started = false
    let first: unknown
    for (const processor of this.graph.processors) {
      try {
        processor.close()
      } catch (error) {
        first ??= error
        this.state.logger.error('A processor could not be closed', { task: this.name, node: processor.name })
      }
    }
    if (clean && first !== undefined) throw first as Error
  }

  private queueOf(topic: string, partition: number): RecordQueue {
    const known = this.group.get(topic, partition)
    if (known !== undefined) return known
    const source = this.sourceOf(topic)
    if (source === undefined) throw new FatalError('MR_RUNTIME_TOPIC', { topic, task: this.name })
    const queue = new RecordQueue(topic, partition, source, this.state)
    this.group.addQueue(queue)
    return queue
  }

  private sourceOf(topic: string): LiveSource | undefined {
    return this.graph.sources.find((each) => each.reads(topic))
  }

  /** What escaped the nodes: with node and position, unless it says them already. */
  private failure(thrown: unknown): unknown {
    if (thrown instanceof StreamsError && !isForeign(thrown.code)) return thrown
    return processingError(toError(thrown), this.state.errorContext(this.lastSource, null))
  }

  /** Several records lie behind what is flushed: which one an update came from is not known any more. */
  private forgetSource(): void {
    const { state } = this
    state.holdSource(null)
    state.current.offset = -1
    const { metadata } = state
    if (metadata !== undefined) state.metadata = { ...metadata, offset: -1 }
  }
}

/** Errors of a sink directly below a source: no node of the user's code has taken them. */
function isForeign(code: string): boolean {
  return code === 'MR_RECORD_TOPIC' || code === 'MR_RECORD_PARTITION' || code === 'MR_RECORD_PARTITIONS'
}

const noProgress: ReadonlyMap<string, number> = new Map()

function metadataOf({ partitionTimeMs }: RecordQueue): string {
  return encodeCommitMetadata({ partitionTimeMs, processors: noProgress })
}
