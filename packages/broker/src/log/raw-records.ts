/**
 * Walks the records of a batch without taking them apart further than compaction needs: where each begins and ends, its
 * key, and whether it has a value.
 */
import { compressionNames, decompress, VarintCursor, type CompressionName } from '@millrace/protocol/internal'
import { batchHeaderBytes, type BatchHeader } from './batch-header.ts'

const compressionMask = 0x07

/** One record as a span of its batch's records. */
export interface RawRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | null
  /** False for a tombstone. */
  readonly hasValue: boolean
  /** Span in the records' bytes, length prefix included. */
  readonly start: number
  readonly end: number
  /** Where attributes stand, and where the offset delta begins: what lies before it changes with the base timestamp. */
  readonly attributesAt: number
  readonly offsetDeltaAt: number
}

/** Codec of a batch. @throws {RangeError} an unknown one */
export function compressionOf(header: BatchHeader): CompressionName {
  const name = compressionNames[header.attributes & compressionMask]
  if (name === undefined) throw new RangeError(`unknown compression ${header.attributes & compressionMask}`)
  return name
}

/** The records' bytes of a whole batch, decompressed. */
export function recordBytesOf(batch: Uint8Array, header: BatchHeader): Uint8Array {
  const packed = batch.subarray(batchHeaderBytes)
  return header.recordCount === 0 ? packed : decompress(compressionOf(header), packed)
}

/** All records in order; keys are views. @throws {RangeError} the bytes are no such records */
export function readRawRecords(bytes: Uint8Array, header: BatchHeader): RawRecord[] {
  const cursor = new VarintCursor(bytes)
  const records: RawRecord[] = []
  for (let i = 0; i < header.recordCount; i++) {
    const start = cursor.at
    const length = cursor.varint()
    const end = cursor.at + length
    if (length < 0 || end > bytes.length) throw new RangeError(`record ${i} runs over the end`)
    const attributesAt = cursor.at++
    const timestampMs = header.baseTimestampMs + cursor.varlong()
    const offsetDeltaAt = cursor.at
    const offset = header.baseOffset + cursor.varint()
    const keyBytes = cursor.varint()
    const key = keyBytes < 0 ? null : bytes.subarray(cursor.at, cursor.at + keyBytes)
    if (keyBytes > 0) cursor.at += keyBytes
    const hasValue = cursor.varint() >= 0
    records.push({ offset, timestampMs, key, hasValue, start, end, attributesAt, offsetDeltaAt })
    cursor.at = end
  }
  return records
}

/** True when every record has a key: what a compacted topic asks for. */
export function haveKeys(bytes: Uint8Array, header: BatchHeader): boolean {
  const cursor = new VarintCursor(bytes)
  for (let i = 0; i < header.recordCount; i++) {
    const length = cursor.varint()
    const end = cursor.at + length
    cursor.at++
    cursor.varlong()
    cursor.varint()
    if (cursor.varint() < 0) return false
    cursor.at = end
  }
  return true
}
