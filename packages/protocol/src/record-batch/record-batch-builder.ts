/**
 * Builds record batches: records are written straight into one growing buffer, and a batch is that buffer with its
 * header filled in.
 *
 * The buffer is kept from batch to batch, or exchanged for one of a batch that has arrived, so that appending allocates
 * nothing. A record's length stands before it; therefore its size is computed first, from the same numbers that are then written.
 */
import { type Headers, noHeaders, RecordError } from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import { compress, type CompressionName, compressionNames } from '../compression/compression.ts'
import type { BatchMemory } from './batch-memory.ts'
import { batchHeaderBytes, batchLengthOverhead, writeInt64 } from './batch-header.ts'
import { crc32c } from './crc32c.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

/** What a batch says about itself; everything has the default of a plain producer. */
export interface BatchOptions {
  readonly compression?: CompressionName
  /** −1n without idempotence. */
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Set by brokers; producers send 0. */
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
  /** Only for batches emptied by compaction: the offsets they still stand for, and their greatest timestamp. */
  readonly lastOffsetDelta?: number
  readonly maxTimestampMs?: number
}

/** Most bytes a record can take, header of the batch not counted: to decide whether it still fits. */
export function recordBytesMax(key: Uint8Array | null, value: Uint8Array | null, headers: Headers): number {
  let size = 5 + 1 + 10 + 5 + 5 + (key === null ? 0 : key.length) + 5 + (value === null ? 0 : value.length) + 5
  for (let i = 0; i < headers.length; i++) {
    const header = headers[i]!
    size += 10 + header.key.length * 3 + (header.value === null ? 0 : header.value.length)
  }
  return size
}

const copyByHandMax = 32

/** Collects records and makes a batch of them; `build` leaves the builder ready for the next batch. */
export class RecordBatchBuilder {
  /** Records so far. */
  count = 0
  private bytes: Uint8Array
  private at = batchHeaderBytes
  private firstTimestampMs = -1
  private greatestTimestampMs = -1
  private lastDelta = -1

  /** @param capacityBytes first size of the buffer; it grows as needed and is kept */
  constructor(capacityBytes: number = 16 * 1024) {
    this.bytes = new Uint8Array(Math.max(capacityBytes, batchHeaderBytes))
  }

  /** Size of the batch so far in bytes, not compressed, with its header. */
  get sizeInBytes(): number {
    return this.at
  }

  /**
   * Appends a record behind the last one and returns the batch's new size. Bytes are copied.
   *
   * @param timestampMs event time, whole ms since the epoch
   * @throws {MR_PROTOCOL_RECORD} (RecordError) the timestamp is no safe integer; nothing has changed then
   */
  append(key: Uint8Array | null, value: Uint8Array | null, timestampMs: number, headers: Headers = noHeaders): number {
    return this.appendAt(this.lastDelta + 1, key, value, timestampMs, headers)
  }

  /** As `append`, at a chosen distance from the base offset, greater than the last: batches with holes (compaction). */
  appendAt(
    offsetDelta: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number,
    headers: Headers,
  ): number {
    if (!Number.isSafeInteger(timestampMs)) throw badTimestamp(timestampMs)
    if (this.count === 0) {
      this.firstTimestampMs = timestampMs
      this.greatestTimestampMs = timestampMs
    } else if (timestampMs > this.greatestTimestampMs) this.greatestTimestampMs = timestampMs
    const delta = timestampMs - this.firstTimestampMs
    const keyBytes = key === null ? -1 : key.length
    const valueBytes = value === null ? -1 : value.length
    let size = 1 + varlongSize(delta) + varintSize(offsetDelta) + varintSize(keyBytes) + varintSize(valueBytes)
    if (keyBytes > 0) size += keyBytes
    if (valueBytes > 0) size += valueBytes
    size += headers.length === 0 ? 1 : headersSize(headers)
    this.ensure(size + 5)
    const { bytes } = this
    let at = writeVarint(bytes, this.at, size)
    bytes[at++] = 0
    at = writeVarlong(bytes, at, delta)
    at = writeVarint(bytes, at, offsetDelta)
    at = writeVarint(bytes, at, keyBytes)
    if (keyBytes > 0) at = copy(bytes, at, key!)
    at = writeVarint(bytes, at, valueBytes)
    if (valueBytes > 0) at = copy(bytes, at, value!)
    if (headers.length === 0) bytes[at++] = 0
    else at = writeHeaders(bytes, at, headers)
    this.at = at
    this.lastDelta = offsetDelta
    this.count++
    return at
  }

  /**
   * The batch of the records appended since the last `build`, in memory of its own.
   *
   * @param memory gives the builder its next buffer, when the batch fills at least half of this one and so may have it
   * @throws {MR_PROTOCOL_COMPRESSION} (FatalError) the codec is not installed; the records are still there
   */
  build(options: BatchOptions = {}, memory: BatchMemory | null = null): Uint8Array {
    const { compression = 'none' } = options
    let batch: Uint8Array
    if (compression === 'none' && memory !== null && this.at * 2 >= this.bytes.length) {
      batch = this.bytes.subarray(0, this.at)
      this.bytes = memory.take(this.bytes.length)
    } else if (compression === 'none') batch = this.bytes.slice(0, this.at)
    else {
      const packed = compress(compression, this.bytes.subarray(batchHeaderBytes, this.at))
      batch = new Uint8Array(batchHeaderBytes + packed.length)
      batch.set(packed, batchHeaderBytes)
    }
    this.writeHeader(new DataView(batch.buffer), batch, options)
    this.clear()
    return batch
  }

  /** Drops the records appended since the last `build`. */
  clear(): void {
    this.at = batchHeaderBytes
    this.count = 0
    this.lastDelta = -1
    this.firstTimestampMs = -1
    this.greatestTimestampMs = -1
  }

  private writeHeader(view: DataView, batch: Uint8Array, options: BatchOptions): void {
    let attributes = compressionNames.indexOf(options.compression ?? 'none')
    if (options.isTransactional === true) attributes |= 16
    if (options.isControl === true) attributes |= 32
    writeInt64(view, 0, options.baseOffset ?? 0)
    view.setInt32(8, batch.length - batchLengthOverhead)
    view.setInt32(12, options.partitionLeaderEpoch ?? -1)
    view.setInt8(16, 2)
    view.setInt16(21, attributes)
    view.setInt32(23, options.lastOffsetDelta ?? this.lastDelta)
    writeInt64(view, 27, this.firstTimestampMs)
    writeInt64(view, 35, options.maxTimestampMs ?? this.greatestTimestampMs)
    view.setBigInt64(43, options.producerId ?? -1n)
    view.setInt16(51, options.producerEpoch ?? -1)
    view.setInt32(53, options.baseSequence ?? -1)
    view.setInt32(57, this.count)
    view.setUint32(17, crc32c(batch.subarray(21)))
  }

  private ensure(size: number): void {
    const needed = this.at + size
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
  }
}

function headersSize(headers: Headers): number {
  let size = varintSize(headers.length)
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    const keyBytes = utf8Length(key)
    size += varintSize(keyBytes) + keyBytes + (value === null ? 1 : varintSize(value.length) + value.length)
  }
  return size
}

function writeHeaders(bytes: Uint8Array, start: number, headers: Headers): number {
  let at = writeVarint(bytes, start, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const { key, value } = headers[i]!
    at = writeText(bytes, at, key)
    at = writeVarint(bytes, at, value === null ? -1 : value.length)
    if (value !== null) at = copy(bytes, at, value)
  }
  return at
}

function writeText(bytes: Uint8Array, start: number, text: string): number {
  const size = utf8Length(text)
  const at = writeVarint(bytes, start, size)
  if (isAscii(text)) for (let i = 0; i < size; i++) bytes[at + i] = text.charCodeAt(i)
  else bytes.set(encodeUtf8(text), at)
  return at + size
}

/** Bytes of the text in UTF-8. Names of headers are ASCII, so the rest may cost. */
function utf8Length(text: string): number {
  return isAscii(text) ? text.length : encodeUtf8(text).length
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

function copy(bytes: Uint8Array, start: number, source: Uint8Array): number {
  const { length } = source
  if (length <= copyByHandMax) for (let i = 0; i < length; i++) bytes[start + i] = source[i]!
  else bytes.set(source, start)
  return start + length
}

function badTimestamp(timestampMs: number): RecordError<'MR_PROTOCOL_RECORD'> {
  const accepted = 'whole milliseconds since the epoch, at most 2^53 − 1'
  return new RecordError('MR_PROTOCOL_RECORD', { what: 'the timestamp', value: String(timestampMs), accepted })
}
