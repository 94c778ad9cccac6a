/**
 * A record batch, decoded lazily: one pass finds where every record's parts are; keys, values and headers become
 * objects only when asked for.
 *
 * The pass fills typed arrays (six int32 and a double per record), so that a batch of a thousand records makes a handful
 * of objects. What is handed out are views on the response: copy what is kept.
 */
import { type Header, type Headers, noHeaders, RetriableError } from '@millrace/core'
import { decodeUtf8 } from '@millrace/core/internal'
import { decompress } from '../compression/compression.ts'
import { type BatchHeader, readBatchHeaders } from './batch-header.ts'
import { VarintCursor } from './varint.ts'

/** Fields per record in the index: starts and lengths (−1 for null), where the headers begin, and the offset's delta. */
const fields = 6
const keyStart = 0
const keyLength = 1
const valueStart = 2
const valueLength = 3
const headersStart = 4
const offsetDelta = 5
/** A record is never shorter: length, attributes, two deltas, two null lengths, no headers. */
const recordBytesMin = 7

/** How `decodeBatch` treats a batch. */
export interface DecodeOptions {
  /** Compare the checksum; default true, as Java's `check.crcs`. */
  readonly checkCrc?: boolean
}

/** The records of one batch. Indexes run from 0 to `count` − 1; other indexes are the caller's defect. */
export class RecordBatch {
  readonly header: BatchHeader
  readonly count: number
  private readonly bytes: Uint8Array
  private readonly index: Int32Array
  private readonly timestampDeltas: Float64Array
  private readonly baseOffset: number
  private readonly timestampOrigin: number
  private readonly timestampScale: number

  constructor(header: BatchHeader, bytes: Uint8Array) {
    this.header = header
    this.count = header.recordCount
    this.bytes = bytes
    this.baseOffset = header.baseOffset
    const appended = header.timestampType === 'log-append-time'
    this.timestampOrigin = appended ? header.maxTimestampMs : header.baseTimestampMs
    this.timestampScale = appended ? 0 : 1
    if (this.count < 0 || this.count * recordBytesMin > bytes.length) {
      throw new RangeError(`it claims ${this.count} records in ${bytes.length} bytes`)
    }
    this.index = new Int32Array(this.count * fields)
    this.timestampDeltas = new Float64Array(this.count)
    indexRecords(bytes, this.index, this.timestampDeltas)
  }

  /** Offset of a record in its partition. */
  offsetAt(i: number): number {
    return this.baseOffset + this.index[i * fields + offsetDelta]!
  }

  /**
   * Event time of a record, ms since the epoch: the producer's, or the broker's append time for the whole batch. Usually
   * ≥ 0, but producers may write anything; a number beyond ±2^53 is rounded and then no safe integer.
   */
  timestampAt(i: number): number {
    return this.timestampOrigin + this.timestampDeltas[i]! * this.timestampScale
  }

  /** Key of a record, a view, or null. */
  keyAt(i: number): Uint8Array | null {
    const at = i * fields
    return this.view(this.index[at + keyStart]!, this.index[at + keyLength]!)
  }

  /** Value of a record, a view, or null. */
  valueAt(i: number): Uint8Array | null {
    const at = i * fields
    return this.view(this.index[at + valueStart]!, this.index[at + valueLength]!)
  }

  /** Producer's sequence of a record, wrapping at 2^31; −1 without idempotence. */
  sequenceAt(i: number): number {
    const { baseSequence } = this.header
    return baseSequence < 0 ? -1 : (baseSequence + this.index[i * fields + offsetDelta]!) % 0x8000_0000
  }

  /** Length of key and value in bytes, nulls as 0; without making views. */
  sizeAt(i: number): number {
    const at = i * fields
    return Math.max(this.index[at + keyLength]!, 0) + Math.max(this.index[at + valueLength]!, 0)
  }

  /** Headers of a record; the shared `noHeaders` when there are none. Values are views. */
  headersAt(i: number): Headers {
    const start = this.index[i * fields + headersStart]!
    return this.bytes[start] === 0 ? noHeaders : readHeaders(this.bytes, start)
  }

  private view(start: number, length: number): Uint8Array | null {
    return length < 0 ? null : new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, length)
  }
}

/**
 * Decodes the records of one batch.
 *
 * @throws {MR_PROTOCOL_CRC} (RetriableError) the checksum does not fit
 * @throws {MR_PROTOCOL_BATCH} (RetriableError) the records cannot be read
 * @throws {MR_PROTOCOL_COMPRESSION} (FatalError) its codec is not installed or not loaded
 */
export function decodeBatch(header: BatchHeader, options: DecodeOptions = {}): RecordBatch {
  const baseOffset = String(header.baseOffset)
  if (options.checkCrc !== false) {
    const actual = header.computeCrc()
    if (actual !== header.crc) throw new RetriableError('MR_PROTOCOL_CRC', { baseOffset, expected: header.crc, actual })
  }
  try {
    const packed = header.recordBytes
    const bytes = header.recordCount === 0 ? packed : decompress(header.compression, packed)
    return new RecordBatch(header, bytes)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'MR_PROTOCOL_COMPRESSION') throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RetriableError('MR_PROTOCOL_BATCH', { baseOffset, reason }, { cause })
  }
}

/** Decodes every whole batch of a `records` field, control batches too; errors as `decodeBatch`. */
export function decodeBatches(records: Uint8Array, options: DecodeOptions = {}): RecordBatch[] {
  return readBatchHeaders(records).map((header) => decodeBatch(header, options))
}

/** Finds the parts of each record: length, attributes, timestamp delta, offset delta, key, value, headers. */
function indexRecords(bytes: Uint8Array, index: Int32Array, timestampDeltas: Float64Array): void {
  const cursor = new VarintCursor(bytes)
  const count = timestampDeltas.length
  for (let i = 0, at = 0; i < count; i++, at += fields) {
    const length = cursor.varint()
    const end = cursor.at + length
    if (length < 0 || end > bytes.length) throw new RangeError(`record ${i} of ${count} runs over the end`)
    cursor.at++
    timestampDeltas[i] = cursor.varlong()
    index[at + offsetDelta] = cursor.varint()
    const keyBytes = cursor.varint()
    index[at + keyStart] = cursor.at
    index[at + keyLength] = keyBytes
    if (keyBytes > 0) cursor.at += keyBytes
    const valueBytes = cursor.varint()
    index[at + valueStart] = cursor.at
    index[at + valueLength] = valueBytes
    if (valueBytes > 0) cursor.at += valueBytes
    index[at + headersStart] = cursor.at
    if (cursor.at >= end) throw new RangeError(`record ${i} of ${count} is shorter than its parts`)
    cursor.at = end
  }
}

function readHeaders(bytes: Uint8Array, start: number): Headers {
  const cursor = new VarintCursor(bytes, start)
  const count = cursor.varint()
  const headers: Header[] = []
  for (let i = 0; i < count; i++) {
    const key = decodeUtf8(take(cursor, cursor.varint()))
    const valueBytes = cursor.varint()
    headers.push({ key, value: valueBytes < 0 ? null : take(cursor, valueBytes) })
  }
  return headers
}

function take(cursor: VarintCursor, length: number): Uint8Array {
  const { bytes, at } = cursor
  if (length < 0 || length > bytes.length - at) throw new RangeError(`a header of ${length} bytes runs over the end`)
  cursor.at += length
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)
}
