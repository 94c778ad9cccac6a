/**
 * The first 61 bytes of a record batch (format 2), readable without touching the records.
 *
 * ```
 *  0 baseOffset int64          21 attributes int16           43 producerId int64
 *  8 batchLength int32         23 lastOffsetDelta int32      51 producerEpoch int16
 * 12 partitionLeaderEpoch int32 27 baseTimestamp int64       53 baseSequence int32
 * 16 magic int8                35 maxTimestamp int64         57 recordCount int32
 * 17 crc uint32 (of 21 … end)                                61 records
 * ```
 * Attributes: bits 0–2 compression, 3 log-append time, 4 transactional, 5 control, 6 delete horizon. The offset and the
 * leader epoch stand outside the checksum, so that a broker can set them without touching the rest.
 */
import { RetriableError } from '@millrace/core'
import { type CompressionName, compressionNames } from '../compression/compression.ts'
import { crc32c } from './crc32c.ts'

/** Size of the header, and of a batch without records. */
export const batchHeaderBytes = 61
/** What stands before the bytes that `batchLength` counts. */
export const batchLengthOverhead = 12

/** Whose clock set the records' timestamps: the producer's or the broker's. */
export type TimestampType = 'create-time' | 'log-append-time'

/** Header of one batch inside a `records` field. The bytes are not copied. */
export class BatchHeader {
  /** The memory of the whole field; this batch is `position` … `position + sizeInBytes`. */
  readonly bytes: Uint8Array
  readonly position: number
  readonly sizeInBytes: number
  readonly baseOffset: number
  /** Last offset the batch stands for, also when compaction has removed that record: go on at `lastOffset + 1`. */
  readonly lastOffset: number
  readonly partitionLeaderEpoch: number
  readonly crc: number
  readonly attributes: number
  readonly compression: CompressionName
  readonly timestampType: TimestampType
  readonly isTransactional: boolean
  /** The records are transaction markers, not data. */
  readonly isControl: boolean
  /** Timestamp that record deltas count from; ms since the epoch, −1 in an empty batch. */
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  /** −1n without idempotence. */
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number

  constructor(bytes: Uint8Array, position: number) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + position, bytes.length - position)
    this.bytes = bytes
    this.position = position
    this.sizeInBytes = batchLengthOverhead + view.getInt32(8)
    this.baseOffset = readInt64(view, 0)
    this.lastOffset = this.baseOffset + view.getInt32(23)
    this.partitionLeaderEpoch = view.getInt32(12)
    this.crc = view.getUint32(17)
    this.attributes = view.getInt16(21)
    const compression = compressionNames[this.attributes & 7]
    const magic = view.getInt8(16)
    if (magic !== 2) throw damaged(view, `format version ${magic}, only 2 is known`)
    if (compression === undefined) throw damaged(view, `unknown compression ${this.attributes & 7}`)
    if (!Number.isSafeInteger(this.lastOffset)) throw damaged(view, 'its offsets are beyond 2^53')
    this.compression = compression
    this.timestampType = (this.attributes & 8) === 0 ? 'create-time' : 'log-append-time'
    this.isTransactional = (this.attributes & 16) !== 0
    this.isControl = (this.attributes & 32) !== 0
    this.baseTimestampMs = readInt64(view, 27)
    this.maxTimestampMs = readInt64(view, 35)
    this.producerId = view.getBigInt64(43)
    this.producerEpoch = view.getInt16(51)
    this.baseSequence = view.getInt32(53)
    this.recordCount = view.getInt32(57)
  }

  /** Sequence of the last record, wrapping at 2^31; −1 without idempotence. */
  get lastSequence(): number {
    if (this.baseSequence < 0) return -1
    return (this.baseSequence + (this.lastOffset - this.baseOffset)) % 0x8000_0000
  }

  /** Until when compaction keeps the tombstones of this batch, null when it has not decided (KIP-534). */
  get deleteHorizonMs(): number | null {
    return (this.attributes & 64) === 0 ? null : this.baseTimestampMs
  }

  /** The whole batch, a view. */
  get batchBytes(): Uint8Array {
    return this.viewFrom(0)
  }

  /** The records as they stand in the batch, perhaps compressed; a view. */
  get recordBytes(): Uint8Array {
    return this.viewFrom(batchHeaderBytes)
  }

  /** CRC-32C of the bytes it covers; the batch is whole when it equals `crc`. */
  computeCrc(): number {
    return crc32c(this.viewFrom(21))
  }

  private viewFrom(start: number): Uint8Array {
    const from = this.position + start
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + from, this.sizeInBytes - start)
  }
}

/**
 * Headers of the batches in a `records` field, in order. A last batch that is cut short is left out: a broker fills a
 * response up to its limit and may end inside a batch.
 *
 * @throws {MR_PROTOCOL_BATCH} (RetriableError) a length or format no batch has
 */
export function readBatchHeaders(records: Uint8Array): BatchHeader[] {
  const headers: BatchHeader[] = []
  const view = new DataView(records.buffer, records.byteOffset, records.length)
  for (let at = 0; at + batchHeaderBytes <= records.length;) {
    const size = view.getInt32(at + 8) + batchLengthOverhead
    if (size < batchHeaderBytes) {
      const from = new DataView(records.buffer, records.byteOffset + at)
      throw damaged(from, `a length of ${size} bytes, less than its header has`)
    }
    if (at + size > records.length) break
    headers.push(new BatchHeader(records, at))
    at += size
  }
  return headers
}

/** Sets base offset and leader epoch of a batch in place, as the broker does when it appends; the CRC stays right. */
export function stampBatch(batch: Uint8Array, baseOffset: number, partitionLeaderEpoch: number): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  writeInt64(view, 0, baseOffset)
  view.setInt32(12, partitionLeaderEpoch)
}

/** Gives a batch log-append time in place, for topics with `message.timestamp.type=LogAppendTime`; renews the CRC. */
export function stampLogAppendTime(batch: Uint8Array, timestampMs: number): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  view.setInt16(21, view.getInt16(21) | 8)
  writeInt64(view, 35, timestampMs)
  view.setUint32(17, crc32c(batch.subarray(21)))
}

/** Reads an int64 as a number; beyond ±2^53 it is rounded and then no safe integer. */
export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}

/** Writes a safe integer as int64. */
export function writeInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  view.setInt32(at, high)
  view.setUint32(at + 4, value - high * 0x1_0000_0000)
}

function damaged(view: DataView, reason: string): RetriableError {
  return new RetriableError('MR_PROTOCOL_BATCH', { baseOffset: String(view.getBigInt64(0)), reason })
}
