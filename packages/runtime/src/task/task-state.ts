/**
 * What all nodes, stores and queues of one task have in common: the record being processed, its source bytes, stream
 * time, and the surroundings. One mutable object per task, so that a record costs no allocation for its context.
 */
import {
  formatTaskId,
  type Headers,
  noHeaders,
  type RecordContext,
  type RecordMetadata,
  type TaskId,
} from '@millrace/core'
import type { CurrentRecord } from '@millrace/core/internal'
import type { Clock, Logger } from '@millrace/core/port'
import type { HandlerSurroundings } from '../handler/decision.ts'
import type { ErrorContext, RecordHandlers } from '../handler/handlers.ts'
import type { RecordCollector, TaskMetrics, TaskSettings } from './ports.ts'

/** The record being processed; stores see time and headers of it, user functions all of it. */
export class CurrentContext implements CurrentRecord, RecordContext {
  timestampMs = -1
  headers: Headers = noHeaders
  topic: string | null = null
  partition = -1
  offset = -1
}

/** The source record's bytes, for dead letters; a record queue is one. */
export interface RawSource {
  readonly takenKey: Uint8Array | null
  readonly takenValue: Uint8Array | null
}

/** Whether a sink has let go of the source bytes of one forwarding. */
export interface SourceHold {
  released: boolean
  /** A buffer has it too, so that it is not used again for the next record. */
  isShared: boolean
}

/** Source bytes that a buffer keeps with a record, in memory only. What is released by others is released here too. */
export class KeptSource implements RawSource {
  readonly takenKey: Uint8Array | null
  readonly takenValue: Uint8Array | null
  readonly hold: SourceHold

  constructor(source: RawSource, hold: SourceHold) {
    const { takenKey, takenValue } = source
    const isKept = source instanceof KeptSource
    this.takenKey = isKept ? takenKey : (takenKey?.slice() ?? null)
    this.takenValue = isKept ? takenValue : (takenValue?.slice() ?? null)
    this.hold = hold
    hold.isShared = true
  }
}

/** A record being processed, set aside. */
export interface RecordSnapshot {
  readonly context: RecordContext
  readonly metadata: RecordMetadata | undefined
  readonly source: RawSource | null
  /** Absent: nothing has been released. */
  readonly hold?: SourceHold
}

export interface TaskSurroundings {
  readonly id: TaskId
  readonly applicationId: string
  readonly collector: RecordCollector
  readonly clock: Clock
  readonly settings: TaskSettings
  readonly handlers: RecordHandlers
  readonly logger: Logger
  readonly metrics: TaskMetrics
}

export class TaskState implements HandlerSurroundings {
  readonly applicationId: string
  /** `0_3` */
  readonly taskName: string
  readonly partition: number
  readonly collector: RecordCollector
  readonly settings: TaskSettings
  readonly handlers: RecordHandlers
  readonly logger: Logger
  readonly metrics: TaskMetrics
  readonly deadLetterTopic: string | null
  readonly current: CurrentContext = new CurrentContext()
  /** Undefined in a punctuation and while initialising. */
  metadata: RecordMetadata | undefined = undefined
  /** Null when the source bytes are not known: in a punctuation, or after the record is gone. */
  source: RawSource | null = null
  /**
   * The record whose forwarding holds the source bytes, and (`hold`) whether a sink has let go of them. Kafka 4.3 frees them when a
   * record is written: a dead letter of another branch below the same forwarding then has neither key nor value. A new record
   * takes them over as they are. Kept only where there is a dead letter topic.
   */
  holder: object | null = null
  hold: SourceHold = { released: false, isShared: false }
  /** Greatest time taken from any queue, −1 at first. */
  streamTimeMs = -1
  commitRequested = false
  private readonly clock: Clock
  private wallClockMs: number

  constructor(surroundings: TaskSurroundings) {
    this.applicationId = surroundings.applicationId
    this.taskName = formatTaskId(surroundings.id)
    this.partition = surroundings.id.partition
    this.collector = surroundings.collector
    this.clock = surroundings.clock
    this.settings = surroundings.settings
    this.handlers = surroundings.handlers
    this.logger = surroundings.logger
    this.metrics = surroundings.metrics
    this.deadLetterTopic = surroundings.settings.deadLetterTopic
    this.wallClockMs = surroundings.clock.nowMs()
  }

  /** Wall-clock time of this round: read once per round, not per record. */
  get nowMs(): number {
    return this.wallClockMs
  }

  /** A round of processing or punctuating begins. */
  readClock(): void {
    this.wallClockMs = this.clock.nowMs()
  }

  /** Counts into `dropped-records-total`; the reason is logged. */
  droppedRecord(node: string, reason: string): void {
    this.metrics.count('dropped-records-total', 1)
    const { topic, partition, offset } = this.current
    this.logger.warn(`A record is left out: ${reason}`, { task: this.taskName, node, topic, partition, offset })
  }

  /**
   * Context of an error at a node, as handlers see it.
   *
   * @param record the record that failed; null in a punctuation
   */
  errorContext(node: string, record: object | null): ErrorContext {
    const { topic, partition, offset, timestampMs, headers } = this.current
    const source = record !== null && this.hold.released ? null : this.source
    return {
      taskId: this.taskName,
      node,
      topic,
      partition,
      offset,
      timestampMs,
      headers,
      sourceKey: source?.takenKey ?? null,
      sourceValue: source?.takenValue ?? null,
    }
  }

  /** The record being processed, to be set again later: a flush after a punctuation still belongs to it. */
  takeRecord(): RecordSnapshot {
    const { timestampMs, headers, topic, partition, offset } = this.current
    const context = { timestampMs, headers, topic, partition, offset }
    return { context, metadata: this.metadata, source: this.source, hold: this.hold }
  }

  setRecord(record: RecordSnapshot): void {
    Object.assign(this.current, record.context)
    this.metadata = record.metadata
    this.holdSource(record.source)
    if (record.hold !== undefined) this.hold = record.hold
  }

  /** The source bytes, for a buffer; null when nobody would ask for them, or they are gone. */
  keepSource(): KeptSource | null {
    const { source, hold } = this
    if (this.deadLetterTopic === null || source === null || hold.released) return null
    return new KeptSource(source, hold)
  }

  /** Another record is being processed, or none (null). */
  holdSource(source: RawSource | null): void {
    this.source = source
    this.holder = null
    if (source instanceof KeptSource) this.hold = source.hold
    else if (this.hold.released || this.hold.isShared) this.hold = { released: false, isShared: false }
  }

  /** No record is being processed: a punctuation at this time, or nothing at all. */
  setNoRecord(timestampMs: number): void {
    const current = this.current
    current.timestampMs = timestampMs
    current.headers = noHeaders
    current.topic = null
    current.partition = -1
    current.offset = -1
    this.metadata = undefined
    this.holdSource(null)
  }
}
