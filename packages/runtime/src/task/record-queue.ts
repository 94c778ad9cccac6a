/**
 * The raw records of one input partition that a task has not processed yet.
 *
 * Batches stay as they were fetched. Only the head is decoded and given its event time, at the moment it becomes head:
 * so a partition costs the memory of its bytes, a corrupted record is met in order, and an extractor sees the partition
 * time that holds at that moment. A record that cannot be read, or whose time is negative, is left out and counted.
 */
import { record, RecordError, type StreamRecord } from '@millrace/core'
import { deserializationFailed, extractorFailed } from '../handler/deserialization.ts'
import type { ErrorContext } from '../handler/handlers.ts'
import type { LiveSource } from './live-source.ts'
import type { RawRecords } from './ports.ts'
import type { Prioritised } from './priority-queue.ts'
import type { RawSource, TaskState } from './task-state.ts'

/** Time of a head that is only there because the records before it were corrupted: it is taken at once, and ignored. */
const corruptedTimeMs = -1

export class RecordQueue implements Prioritised, RawSource {
  readonly topic: string
  readonly partition: number
  readonly source: LiveSource
  /** Greatest event time taken from this partition so far, −1 = none. */
  partitionTimeMs = -1
  /** Where the record taken last came from: one object, changed by `take`. */
  readonly metadata: { topic: string; partition: number; offset: number }
  /** Event time of the head; what the queue is chosen by. */
  order: number = corruptedTimeMs
  private readonly state: TaskState
  private batches: RawRecords[] = []
  /** Raw record that becomes head next: index in the first batch. */
  private index = 0
  private remaining = 0
  private head: StreamRecord<unknown, unknown> | null = null
  private hasHead = false
  private headOffset = -1
  private headBatch: RawRecords | null = null
  private headIndex = 0
  private takenBatch: RawRecords | null = null
  private takenIndex = 0
  private nextOffset = -1

  constructor(topic: string, partition: number, source: LiveSource, state: TaskState) {
    this.topic = topic
    this.partition = partition
    this.source = source
    this.state = state
    this.metadata = { topic, partition, offset: -1 }
  }

  get size(): number {
    return this.remaining + (this.hasHead ? 1 : 0)
  }

  /** Source bytes of the record taken last. */
  get takenKey(): Uint8Array | null {
    return this.takenBatch === null ? null : this.takenBatch.keyAt(this.takenIndex)
  }

  get takenValue(): Uint8Array | null {
    return this.takenBatch === null ? null : this.takenBatch.valueAt(this.takenIndex)
  }

  /** Offset of the next record to process: the head's, else the one after everything enqueued; −1 = nothing yet. */
  get position(): number {
    return this.hasHead ? this.headOffset : this.nextOffset
  }

  /** Reading begins here, if nothing was enqueued before. */
  begin(offset: number): void {
    if (this.nextOffset < 0) this.nextOffset = offset
  }

  add(records: RawRecords): void {
    this.nextOffset = records.nextOffset
    if (records.count === 0) return
    this.batches.push(records)
    this.remaining += records.count
    if (!this.hasHead) this.advance()
  }

  /** Takes the head; null when it was only a corrupted record's place. `metadata` and the source bytes are then its. */
  take(): StreamRecord<unknown, unknown> | null {
    const taken = this.head
    this.metadata.offset = this.headOffset
    this.takenBatch = this.headBatch
    this.takenIndex = this.headIndex
    if (this.order > this.partitionTimeMs) this.partitionTimeMs = this.order
    this.advance()
    return taken
  }

  /** Forgets all records; the worker seeks back to the committed offset. */
  clear(): void {
    this.batches = []
    this.index = 0
    this.remaining = 0
    this.hasHead = false
    this.head = null
    this.headBatch = null
    this.takenBatch = null
    this.nextOffset = -1
  }

  // RECORD PATH 2/8: the next raw record becomes head: bytes become a typed record with its event time.
  private advance(): void {
    this.hasHead = false
    this.head = null
    while (this.remaining > 0) {
      const batch = this.batches[0] as RawRecords
      const index = this.index
      this.step(batch)
      const decoded = this.decode(batch, index)
      if (decoded === null) {
        this.setHead(null, batch, index)
        continue
      }
      if (decoded.timestampMs < 0) {
        this.negativeTime(batch, index, decoded.timestampMs)
        continue
      }
      this.setHead(decoded, batch, index)
      return
    }
  }

  /** A corrupted record is head only if nothing readable follows: so its offset can still be committed (KAFKA-6502). */
  private setHead(head: StreamRecord<unknown, unknown> | null, batch: RawRecords, index: number): void {
    this.head = head
    this.hasHead = true
    this.order = head === null ? corruptedTimeMs : head.timestampMs
    this.headOffset = batch.offsetAt(index)
    this.headBatch = batch
    this.headIndex = index
  }

  private step(batch: RawRecords): void {
    this.remaining--
    this.index++
    if (this.index < batch.count) return
    this.index = 0
    this.batches.shift()
  }

  /** The record with its event time, which may be negative; null when it cannot be read and the handler said to go on. */
  private decode(batch: RawRecords, index: number): StreamRecord<unknown, unknown> | null {
    const source = this.source
    const headers = batch.headersAt(index)
    const keyBytes = batch.keyAt(index)
    const valueBytes = batch.valueAt(index)
    let key: unknown
    let value: unknown
    try {
      if (keyBytes !== null) key = source.key.deserialize(keyBytes, this.topic, headers)
      else key = this.nullPart(source.node.acceptsNullKey, 'MR_RECORD_NULL_KEY', batch.offsetAt(index))
      if (valueBytes !== null) value = source.value.deserialize(valueBytes, this.topic, headers)
      else value = this.nullPart(source.node.acceptsNullValue, 'MR_RECORD_NULL_VALUE', batch.offsetAt(index))
    } catch (error) {
      deserializationFailed(this.state, error, this.errorContext(batch, index))
      this.state.metrics.count('dropped-records-total', 1)
      return null
    }
    const timestampMs = batch.timestampAt(index)
    if (source.takesRecordTime && timestampMs >= 0) return record(key, value, timestampMs, headers)
    return record(key, value, this.extract(batch, index, key, value), headers)
  }

  private nullPart(accepted: boolean, code: 'MR_RECORD_NULL_KEY' | 'MR_RECORD_NULL_VALUE', offset: number): null {
    if (!accepted) throw new RecordError(code, { topic: this.topic, partition: this.partition, offset })
    return null
  }

  private extract(batch: RawRecords, index: number, key: unknown, value: unknown): number {
    const { topic, partition } = this
    const offset = batch.offsetAt(index)
    const timestampMs = batch.timestampAt(index)
    const headers = batch.headersAt(index)
    try {
      return this.source.extract({ topic, partition, offset, timestampMs, key, value, headers }, this.partitionTimeMs)
    } catch (error) {
      return extractorFailed(error, this.errorContext(batch, index))
    }
  }

  private negativeTime(batch: RawRecords, index: number, timestampMs: number): void {
    this.state.metrics.count('dropped-records-total', 1)
    this.state.logger.warn('A record is left out: its event time is negative', {
      task: this.state.taskName,
      topic: this.topic,
      partition: this.partition,
      offset: batch.offsetAt(index),
      timestampMs,
    })
  }

  private errorContext(batch: RawRecords, index: number): ErrorContext {
    return {
      taskId: this.state.taskName,
      node: this.source.name,
      topic: this.topic,
      partition: this.partition,
      offset: batch.offsetAt(index),
      timestampMs: batch.timestampAt(index),
      headers: batch.headersAt(index),
      sourceKey: batch.keyAt(index),
      sourceValue: batch.valueAt(index),
    }
  }
}
