/** The contracts of processors: what users write, what operators are, what a task gives them. */
import type { Duration } from '../time/duration.ts'
import type { Cancellable } from '../port/clock.ts'
import type { Headers } from '../record/headers.ts'
import type { RecordMetadata, StreamRecord } from '../record/record.ts'
import type { StoreDefinition, StoreKind } from '../store/definition.ts'
import type { HandleStore } from '../store/handle-store.ts'
import type { BufferedContext, StateStore } from '../store/store.ts'

/**
 * One node's code. A task makes one instance per node from its supplier, calls `init` once, `process` for each record
 * (never concurrently, never asynchronously) and `close` once.
 */
export interface Processor<KIn = unknown, VIn = unknown, KOut = unknown, VOut = unknown> {
  init?(context: ProcessorContext<KOut, VOut>): void
  process(record: StreamRecord<KIn, VIn>): void
  close?(): void
}

/** Like Processor, but the key cannot change, so that no repartition is needed downstream. */
export interface FixedKeyProcessor<K = unknown, VIn = unknown, VOut = unknown> {
  init?(context: FixedKeyProcessorContext<K, VOut>): void
  process(record: StreamRecord<K, VIn>): void
  close?(): void
}

/** Makes a processor per task; with `stores`, their definitions are added to the topology and connected. */
export type ProcessorSupplier<P = Processor<never, never, never, never>> =
  | (() => P)
  | { create(): P; readonly stores?: readonly StoreDefinition<any, any>[] }

export type PunctuationType = 'stream-time' | 'wall-clock'

export interface ScheduleOptions {
  /** The grid begins here instead of at 0 (stream time) or now (wall clock), ms since the epoch. */
  readonly startMs?: number
}

/** What every node sees of its task. Valid only inside `init`, `process`, punctuations and `close`. */
export interface TaskContext {
  readonly applicationId: string
  /** `0_3` */
  readonly taskId: string
  /** Where the record being processed came from; undefined in a punctuation. */
  recordMetadata(): RecordMetadata | undefined
  /** Greatest event time the task has taken so far, −1 at first. */
  currentStreamTimeMs(): number
  currentSystemTimeMs(): number
  /**
   * A store that the node is connected to. A handle gives the store of its kind, keys and values; a name gives what stands
   * there, and whoever knows its type says so.
   *
   * @throws {MR_STORE_NOT_CONNECTED} (StoreUnavailableError) the node is not connected to it
   */
  getStateStore<H extends StoreDefinition<any, any>>(store: H): HandleStore<H>
  getStateStore<S extends StateStore = StateStore>(store: string): S
  /** Asks for a commit soon; it happens after the current record. */
  commit(): void
  /**
   * Calls back when time passes the next multiple of `interval` (missed ones are skipped). The time given is the
   * current stream or wall-clock time, as in Kafka.
   */
  schedule(
    interval: Duration,
    type: PunctuationType,
    callback: (timestampMs: number) => void,
    options?: ScheduleOptions,
  ): Cancellable
}

export interface ProcessorContext<KOut = unknown, VOut = unknown> extends TaskContext {
  /** Hands the record to all children, or to the named one, before it returns. */
  forward(record: StreamRecord<KOut, VOut>, child?: string): void
}

export interface FixedKeyProcessorContext<K = unknown, VOut = unknown> extends TaskContext {
  /** As above; throws MR_RECORD_… if the key is not that of the record being processed. */
  forward(record: StreamRecord<K, VOut>, child?: string): void
}

/**
 * What user functions of operators get as their last argument: where and when the record being processed is.
 *
 * Read-only, and one object per task that is reused between records: copy what you keep. In a punctuation `topic` is
 * null, `partition` and `offset` are −1.
 */
export interface RecordContext {
  /** Event time, whole ms since the epoch. */
  readonly timestampMs: number
  readonly headers: Headers
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
}

/**
 * What operators (not users) see: the same context with the mutable current record and the metrics of the node.
 * `ProcessorContext` objects that a task makes implement it; operators take it by `internalContext(context)`.
 */
export interface OperatorContext<KOut = unknown, VOut = unknown> extends ProcessorContext<KOut, VOut> {
  /** Time and headers of the record being processed, as stores see them. */
  readonly current: { timestampMs: number; headers: Headers }
  /** What user functions get; the same object for all records of the task (it may be `current` itself). */
  readonly recordContext: RecordContext
  /**
   * True: `filter` and `peek` forward a copy, as their fixed-key processors in Kafka do, because which branch still knows
   * the bytes of the source record, for a dead letter, depends on it.
   */
  readonly renewsRecords?: boolean
  /** Runs the action as if this were the record being processed: for records that a buffer releases later. */
  withRecordContext(context: BufferedContext, action: () => void): void
  /** The bytes of the source record for a dead letter, to be kept with a buffered record; null when they are not needed. */
  keepSource?(): object | null
  /** Counts into `dropped-records-total`, with the reason in the log. */
  droppedRecord(reason: string): void
  /** A line in the log at level warn, with the position of the record being processed. */
  warn?(text: string): void
  /** Adds to another counter of the node: `suppression-emit-total`, `window-aggregate-final-emit-total`. */
  count(metric: string, delta: number): void
  /** Registers what to do for a cached store's flushed entries; false when the store does not cache (see LiveStore). */
  setFlushListener(
    store: string,
    listener: (key: never, newValue: never, oldValue: never, timestampMs: number, headers: Headers) => void,
    wantsOld: boolean,
  ): boolean
  /** Kind of a store of this task; undefined when it has none of the name. */
  storeKind?(store: string): StoreKind | undefined
  /** The value of a configuration property by Kafka's name, e.g. the emission throttles; undefined when not set. */
  config(name: string): string | number | boolean | undefined
}
