/**
 * One assigned partition: where its reader stands, and what was fetched ahead of it.
 *
 * Two offsets move here. `position` is the next one to hand over; `fetchOffset` the next one to ask the broker for,
 * ahead of it by what is buffered. Both move by batch headers, never by records: a batch emptied by compaction and a
 * transaction marker count as read. Every jump (seek, reset) begins a new `round`; answers of older rounds are dropped.
 */
import { RetriableError } from '@millrace/core'
import type { FetchResponsePartitionData } from '../codec/apis.ts'
import { type BatchHeader, readBatchHeaders } from '../record-batch/batch-header.ts'
import { decodeBatch, type RecordBatch } from '../record-batch/record-batch.ts'
import { AbortedFilter } from './aborted-filter.ts'
import type { OffsetPlace } from './list-offsets.ts'

/** A batch with records for the reader: those with index `first` … `records.count` − 1. */
export interface FetchedBatch {
  readonly records: RecordBatch
  /** > 0 when reading began inside the batch. */
  readonly first: number
}

/** What `poll` hands over of one partition. Offsets are numbers (≤ 2^53 − 1); −1 when the broker did not tell. */
export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** May be empty although `nextOffset` moved: only markers, aborted or compacted records were there. */
  readonly batches: readonly FetchedBatch[]
  /** The next offset to read, behind everything in `batches`. */
  readonly nextOffset: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Size of what was taken from the buffer. */
  readonly bytes: number
}

interface Chunk {
  readonly headers: readonly BatchHeader[]
  readonly filter: AbortedFilter
  readonly bytes: number
}

export class PartitionBuffer {
  readonly topic: string
  readonly partition: number
  /** Id of the topic when it was first seen; a different one later means that it was created anew. */
  topicId: string | null = null
  /** −1 while `place` is being looked up. */
  position = -1
  fetchOffset = -1
  /** Where to begin, while that is not known as an offset. */
  place: OffsetPlace | null = null
  /** The broker said that `fetchOffset` does not exist: decided when everything before it was handed over. */
  outOfRange = false
  paused = false
  /** Metadata is being refreshed because of this partition; no fetch meanwhile. */
  isStale = false
  isResetting = false
  /** Since when the topic is missing, monotonic ms; null while it exists. */
  missingSinceMs: number | null = null
  /** Ends reading; thrown by `poll` until the partition is unassigned or sought. */
  error: Error | null = null
  round = 0
  bufferedBytes = 0
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  readonly #chunks: Chunk[] = []
  #damagedAt = -1

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  /** True when no fetch may be sent: broken, waiting for metadata, or without an offset to ask for. */
  isBlocked(): boolean {
    return this.error !== null || this.isStale || this.isResetting || this.place !== null || this.outOfRange
  }

  /** Goes to an offset, or to a place to be looked up; drops what is buffered. Returns the bytes dropped. */
  jump(to: number | OffsetPlace): number {
    const dropped = this.drop()
    this.place = typeof to === 'number' ? null : to
    this.position = typeof to === 'number' ? to : -1
    this.fetchOffset = this.position
    this.outOfRange = false
    this.error = null
    return dropped
  }

  /** Drops what is buffered, to be fetched again from `position`. Returns the bytes dropped. */
  drop(): number {
    const dropped = this.bufferedBytes
    this.#chunks.length = 0
    this.bufferedBytes = 0
    this.fetchOffset = this.position
    this.round++
    return dropped
  }

  /**
   * Takes in an answer without error to a fetch from `fetchOffset`. Bytes that are no batches are damage, as in `take`.
   */
  accept(answer: FetchResponsePartitionData, isolated: boolean): void {
    this.highWatermark = Number(answer.highWatermark)
    this.lastStableOffset = Number(answer.lastStableOffset)
    this.logStartOffset = Number(answer.logStartOffset)
    const { records } = answer
    if (records === null || records.length === 0) return
    let headers: BatchHeader[]
    try {
      headers = readBatchHeaders(records)
    } catch (error) {
      this.#onDamage(error)
      return
    }
    if (headers.length === 0) return
    const filter = new AbortedFilter(isolated ? answer.abortedTransactions : null)
    this.#chunks.push({ headers, filter, bytes: records.length })
    this.fetchOffset = headers.at(-1)!.lastOffset + 1
    this.bufferedBytes += records.length
  }

  /**
   * Hands over the oldest buffered answer, decoded; null when there is none.
   *
   * A damaged batch (MR_PROTOCOL_CRC, MR_PROTOCOL_BATCH) is dropped with all behind it and fetched again; damaged a
   * second time at the same position it becomes `error`. So does a compression codec that is not installed.
   */
  take(): FetchedPartition | null {
    const chunk = this.#chunks.shift()
    if (chunk === undefined) return null
    const batches: FetchedBatch[] = []
    const from = this.position
    try {
      for (const header of chunk.headers) {
        if (header.lastOffset < from || !chunk.filter.isVisible(header) || header.recordCount === 0) continue
        const records = decodeBatch(header)
        const first = firstFrom(records, from)
        if (first < records.count) batches.push({ records, first })
      }
    } catch (error) {
      this.#onDamage(error)
      return null
    }
    this.bufferedBytes -= chunk.bytes
    this.position = Math.max(from, chunk.headers.at(-1)!.lastOffset + 1)
    return {
      topic: this.topic,
      partition: this.partition,
      batches,
      nextOffset: this.position,
      highWatermark: this.highWatermark,
      lastStableOffset: this.lastStableOffset,
      logStartOffset: this.logStartOffset,
      bytes: chunk.bytes,
    }
  }

  #onDamage(error: unknown): void {
    const isSecond = this.#damagedAt === this.position
    this.#damagedAt = this.position
    this.drop()
    if (isSecond || !(error instanceof RetriableError)) this.error = error as Error
  }
}

/** Index of the first record at or behind an offset. */
function firstFrom(records: RecordBatch, offset: number): number {
  if (records.header.baseOffset >= offset) return 0
  let first = 0
  while (first < records.count && records.offsetAt(first) < offset) first++
  return first
}
