/**
 * The log of one partition: segments, and beside them what is known from the batch headers: producers, aborted
 * transactions, leader epochs.
 *
 * Batches are kept as the client wrote them; only base offset and leader epoch are patched. There is one replica, so
 * the high watermark is the end of the log.
 */
import { crc32c, errorCode } from '@millrace/protocol/internal'
import type { LogStorage } from '../storage/log-storage.ts'
import { AbortedTransactions, type AbortedTransaction } from './aborted-transactions.ts'
import {
  batchHeaderBytes,
  crcRangeStart,
  placeBatch,
  readBatchHeader,
  stampAppendTime,
  writeCrc,
} from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import type { Refusal } from './batch-check.ts'
import { decodeMarker, encodeMarker, type Marker } from './control-marker.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { ProducerStates } from './producer-states.ts'
import { Segment } from './segment.ts'

/** Settings that appending obeys; read at every append, so that they may change. */
export interface LogSettings {
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly appendTime: boolean
}

/** Surroundings of one append. */
export interface AppendContext {
  readonly nowMs: number
  readonly leaderEpoch: number
  readonly settings: LogSettings
  /** See `ProducerStates.judge`. */
  readonly strictStart: boolean
}

/** Where a batch stands in the log. */
export interface Appended {
  readonly baseOffset: number
  readonly lastOffset: number
  /** Time of arrival under log-append time, else −1. */
  readonly appendTimeMs: number
  /** True when the batch was there before and nothing has been written. */
  readonly repeated: boolean
}

/** What to read: from `offset`, nothing at or behind `upTo`. */
export interface ReadRange {
  readonly offset: number
  readonly upTo: number
  readonly bytesMax: number
  /** Gives the first batch even when it is larger than `bytesMax`. */
  readonly wholeFirstBatch: boolean
}

/** Bytes read; the last batch may be cut short, as from a real broker. `boundOffset` is at or behind their end. */
export interface ReadBytes {
  readonly bytes: Uint8Array
  readonly boundOffset: number
}

const noBytes: Uint8Array = new Uint8Array(0)

export class PartitionLog {
  /** `<topic>-<partition>`, also the folder of its files. */
  readonly name: string
  readonly storage: LogStorage
  readonly producers: ProducerStates = new ProducerStates()
  readonly aborted: AbortedTransactions = new AbortedTransactions()
  readonly epochs: LeaderEpochs = new LeaderEpochs()
  /** Ascending; the last one is written to. Never empty. */
  segments: Segment[]
  startOffset: number
  endOffset: number
  /** Compaction has taken in everything before; 0 after a restart. */
  compactedTo: number = 0
  #unstableFrom: number = Infinity

  /** An empty log beginning at `startOffset`; `openLog` (recovery.ts) opens one that has files. */
  constructor(name: string, storage: LogStorage, startOffset: number = 0) {
    this.name = name
    this.storage = storage
    this.startOffset = startOffset
    this.endOffset = startOffset
    this.segments = []
  }

  /** First offset of an undecided transaction, or the end of the log: a read_committed reader stops here. */
  get lastStableOffset(): number {
    return Math.min(this.#unstableFrom, this.endOffset)
  }

  get sizeBytes(): number {
    return this.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  }

  get active(): Segment {
    return this.segments[this.segments.length - 1] ?? this.roll()
  }

  /**
   * Appends a client's batch that has been checked (`checkClientBatch`). `bytes` is patched and put back as it was.
   *
   * Nothing is written when the answer is a refusal, or repeats an earlier one.
   */
  append(bytes: Uint8Array, header: BatchHeader, context: AppendContext): Appended | Refusal {
    if (header.producerId >= 0) {
      const verdict = this.producers.judge(header, context.strictStart)
      if (verdict.kind === 'refused') return { error: verdict.error, reason: verdict.reason }
      if (verdict.kind === 'repeat') {
        const { batch } = verdict
        const lastOffset = batch.baseOffset + (header.lastOffset - header.baseOffset)
        const appendTimeMs = context.settings.appendTime ? batch.timestampMs : -1
        return { baseOffset: batch.baseOffset, lastOffset, appendTimeMs, repeated: true }
      }
    }
    return this.#write(bytes, context)
  }

  /**
   * Writes a transaction marker, which decides the producer's open transaction here.
   *
   * Refused (47) when the producer has a newer epoch here; `undefined` ended transaction is normal after a restart, when
   * the marker is written a second time.
   */
  appendMarker(marker: Marker, context: AppendContext): Appended | Refusal {
    const known = this.producers.get(marker.producerId)
    if (known !== undefined && marker.producerEpoch < known.epoch) {
      const reason = `epoch of producer ${marker.producerId} is ${known.epoch}, the marker's ${marker.producerEpoch}`
      return { error: errorCode.INVALID_PRODUCER_EPOCH, reason }
    }
    return this.#write(encodeMarker(marker, context.nowMs), context)
  }

  read(range: ReadRange): ReadBytes {
    const { offset, upTo } = range
    const end = Math.min(upTo, this.endOffset)
    if (offset >= end) return { bytes: noBytes, boundOffset: offset }
    for (let i = this.segmentIndex(offset); i < this.segments.length; i++) {
      const segment = this.segments[i] as Segment
      const place = segment.find(offset)
      if (place === undefined) continue
      const limit = end < segment.nextOffset ? (segment.find(end)?.position ?? segment.sizeBytes) : segment.sizeBytes
      if (place.position >= limit) break
      let length = Math.min(range.bytesMax, limit - place.position)
      if (length < place.sizeBytes) {
        if (!range.wholeFirstBatch) break
        length = place.sizeBytes
      }
      const bytes = segment.file.view(place.position, length)
      return { bytes, boundOffset: segment.offsetBoundAt(place.position + bytes.length) }
    }
    return { bytes: noBytes, boundOffset: offset }
  }

  /** Aborted transactions that a reader of `[offset, boundOffset)` has to know, in completion order. */
  abortedWithin(offset: number, boundOffset: number): AbortedTransaction[] {
    return this.aborted.overlapping(offset, boundOffset)
  }

  /** Raises the start of the log; whole segments below it are given up by retention, memory at once. */
  raiseStart(offset: number): void {
    if (offset <= this.startOffset) return
    this.startOffset = Math.min(offset, this.endOffset)
    this.aborted.dropBefore(this.startOffset)
    this.segments[this.segmentIndex(this.startOffset)]?.discardBefore(this.startOffset)
  }

  /** Position in `segments` of the one that would hold `offset`. */
  segmentIndex(offset: number): number {
    let low = 0
    let high = this.segments.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if ((this.segments[middle] as Segment).baseOffset <= offset) low = middle + 1
      else high = middle - 1
    }
    return Math.max(0, high)
  }

  /** Starts a new segment at the end of the log. */
  roll(): Segment {
    const name = `${this.name}/${String(this.endOffset).padStart(20, '0')}.log`
    const segment = new Segment(this.endOffset, this.storage.open(name))
    this.segments.push(segment)
    return segment
  }

  /** Takes note of a batch that stands in the log: on append, and again when a log is opened. */
  note(header: BatchHeader, bytes: Uint8Array): void {
    this.endOffset = header.lastOffset + 1
    this.epochs.note(header.leaderEpoch, header.baseOffset)
    if (header.producerId < 0) return
    if (!header.control) {
      // A batch that compaction has emptied keeps the producer's last sequence and belongs to no open transaction.
      this.producers.recordData(header.recordCount === 0 ? { ...header, transactional: false } : header)
      if (header.transactional) this.#unstableFrom = this.producers.firstUnstableOffset()
      return
    }
    const marker = decodeMarker(bytes)
    if (marker === undefined) return
    const ended = this.producers.recordMarker(header, marker)
    if (ended?.aborted) this.aborted.add(ended)
    this.#unstableFrom = this.producers.firstUnstableOffset()
  }

  close(): void {
    for (const segment of this.segments) segment.file.close()
  }

  /** Removes all files; the log is not to be used any more. */
  destroy(): void {
    this.close()
    for (const segment of this.segments) this.storage.remove(segment.file.name)
    this.segments = []
  }

  #write(bytes: Uint8Array, context: AppendContext): Appended {
    const saved = bytes.slice(0, batchHeaderBytes)
    const { appendTime } = context.settings
    placeBatch(bytes, 0, { baseOffset: this.endOffset, leaderEpoch: context.leaderEpoch })
    if (appendTime) {
      stampAppendTime(bytes, 0, context.nowMs)
      writeCrc(bytes, 0, crc32c(bytes.subarray(crcRangeStart)))
    }
    try {
      const header = readBatchHeader(bytes, 0) as BatchHeader
      const segment = this.#segmentFor(header, context.settings)
      segment.append(bytes, header)
      this.note(header, bytes)
      const appendTimeMs = appendTime ? context.nowMs : -1
      return { baseOffset: header.baseOffset, lastOffset: header.lastOffset, appendTimeMs, repeated: false }
    } finally {
      bytes.set(saved)
    }
  }

  #segmentFor(header: BatchHeader, settings: LogSettings): Segment {
    const { active } = this
    if (active.sizeBytes === 0) return active
    const full = active.sizeBytes + header.sizeBytes > settings.segmentBytes
    const old = header.maxTimestampMs - active.firstTimestampMs > settings.segmentMs
    const wide = header.lastOffset - active.baseOffset > 0x7fffffff
    return full || old || wide ? this.roll() : active
  }
}
