/**
 * The contract of a task (signatures first; the body follows in this file).
 *
 * Life: `Task.create` → feed `changelogs()` through `LiveStore.restore` → `await load()` → `start(committed)` →
 * enqueue / process / punctuate → commit rounds → `close`. `Task.open` does the first steps when nothing is to be
 * restored. Everything except `open` and `load` is synchronous.
 */
import type { StateStore, TaskId } from '@millrace/core'
import type { LiveStore } from '@millrace/core/internal'
import type { Clock, EngineOperation, Logger, StoreEngine } from '@millrace/core/port'
import type { RecordHandlers } from '../handler/handlers.ts'
import type {
  GlobalStores,
  PartitionPosition,
  RawRecords,
  RecordCollector,
  TaskChangelog,
  TaskMetrics,
  TaskSettings,
} from './ports.ts'

export interface TaskOptions {
  /** The frozen Topology of core. */
  readonly topology: object
  /** Number of the sub-topology; null = all of them in one task (the test driver's model). */
  readonly subTopology: number | null
  readonly id: TaskId
  readonly applicationId: string
  /** Engine of disk stores; memory stores get their own. */
  readonly engine: StoreEngine
  readonly collector: RecordCollector
  readonly clock: Clock
  readonly settings: TaskSettings
  readonly handlers: RecordHandlers
  readonly logger: Logger
  readonly metrics?: TaskMetrics
  readonly globalStores?: GlobalStores
}

export declare class Task {
  readonly id: TaskId
  /** `0_3` */
  readonly name: string
  /** Real names of the input topics (internal ones with the application id). */
  readonly sourceTopics: readonly string[]
  /** Builds the graph and opens the stores; calls no user code. */
  static create(options: TaskOptions): Task
  /** create, load and start for a task without anything to restore. */
  static open(options: TaskOptions): Promise<Task>
  /** Stores with a changelog, in the order of their definition. */
  changelogs(): readonly TaskChangelog[]
  /** After restore: `load` of every store. */
  load(): Promise<void>
  /** Calls `init` of every processor. `committed` gives back the partition times that were committed. */
  start(committed?: readonly PartitionPosition[]): void

  /** Appends raw records of one input partition. @returns how many records the partition now holds */
  enqueue(topic: string, partition: number, records: RawRecords): number
  buffered(topic: string, partition: number): number
  /** True when every given input partition has a record at its head (readiness is the worker's decision). */
  readonly allBuffered: boolean
  /** Processes up to `recordsMax` records, oldest head first. @returns how many were taken */
  process(recordsMax: number): number
  /** @returns true when a punctuation was called */
  punctuateStreamTime(): boolean
  punctuateWallClock(nowMs: number): boolean

  /** Something was processed or punctuated since the last `committed`. */
  readonly commitNeeded: boolean
  /** A processor asked for a commit. */
  readonly commitRequested: boolean
  readonly streamTimeMs: number
  /** Bytes of entries not yet in the engine. */
  readonly pinnedBytes: number

  /** Commit 1: caches go to changelogs and downstream. */
  flushStores(): void
  /** Commit 2: positions of the input partitions to commit. */
  committableOffsets(): readonly PartitionPosition[]
  /** Commit 3: operations of all stores for one engine batch; `committed` or `rollback` follows. */
  stage(): EngineOperation[]
  /** Commit 4: the engine batch was written and the offsets are committed. */
  committed(): void
  /** The transaction was aborted: stores drop what is not in the engine, queues are emptied. `load` and `start` again. */
  rollback(): void
  /** Calls `close` of every processor when clean, and closes the stores. Twice is harmless. */
  close(clean: boolean): void

  /** A live store by name; undefined when this task has none of it. */
  store(name: string): LiveStore | undefined
  view(name: string): StateStore | undefined
}
