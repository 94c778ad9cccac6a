/**
 * A batch with some of its records taken out: it still stands for the same offsets and sequences, under the same base
 * offset, and what is kept is copied as it is.
 *
 * Tombstones get a delete horizon the first time compaction meets them (KIP-534): the batch's base timestamp then says
 * until when they are kept, so the timestamp deltas have to be written anew.
 */
import { compress, crc32c, writeVarint, writeVarlong } from '@millrace/protocol/internal'
import { batchHeaderBytes, batchPrefixBytes, crcRangeStart, writeCrc, writeInt32, writeInt64 } from './batch-header.ts'
import type { BatchHeader } from './batch-header.ts'
import { compressionOf, type RawRecord } from './raw-records.ts'

const deleteHorizonFlag = 0x40
/** Longest length and timestamp varints of a record. */
const varintBytesMax = 16

/** Time until which the batch's tombstones are kept, −1 when it has not been set. */
export function deleteHorizonOf(header: BatchHeader): number {
  return (header.attributes & deleteHorizonFlag) === 0 ? -1 : header.baseTimestampMs
}

/** What is to be left of a batch. */
export interface Remainder {
  readonly header: BatchHeader
  /** The batch's records, decompressed. */
  readonly bytes: Uint8Array
  /** Those that stay; none makes an empty batch, which only keeps its producer's sequence. */
  readonly kept: readonly RawRecord[]
  /** Delete horizon to set, −1 to leave it as it is. */
  readonly horizonMs: number
}

/** The rewritten batch; `batch` is the original, whose header is the pattern. */
export function rewriteBatch(batch: Uint8Array, remainder: Remainder): Uint8Array {
  const { header, kept, horizonMs } = remainder
  const payload = horizonMs < 0 ? copySpans(remainder) : rebaseTimestamps(remainder)
  const packed = kept.length === 0 ? payload : compress(compressionOf(header), payload)
  const out = new Uint8Array(batchHeaderBytes + packed.length)
  out.set(batch.subarray(0, batchHeaderBytes))
  out.set(packed, batchHeaderBytes)
  writeInt32(out, 8, out.length - batchPrefixBytes)
  writeInt32(out, 57, kept.length)
  if (horizonMs >= 0) {
    out[22] = (out[22] as number) | deleteHorizonFlag
    writeInt64(out, 27, horizonMs)
  }
  const appendTime = (header.attributes & 0x08) !== 0
  if (kept.length > 0 && !appendTime) {
    writeInt64(
      out,
      35,
      kept.reduce((max, record) => Math.max(max, record.timestampMs), -1),
    )
  }
  writeCrc(out, 0, crc32c(out.subarray(crcRangeStart)))
  return out
}

function copySpans({ bytes, kept }: Remainder): Uint8Array {
  const out = new Uint8Array(kept.reduce((sum, record) => sum + record.end - record.start, 0))
  let at = 0
  for (const record of kept) {
    out.set(bytes.subarray(record.start, record.end), at)
    at += record.end - record.start
  }
  return out
}

function rebaseTimestamps({ bytes, kept, horizonMs }: Remainder): Uint8Array {
  const spans = kept.reduce((sum, record) => sum + record.end - record.start, 0)
  const out = new Uint8Array(spans + kept.length * varintBytesMax)
  const delta = new Uint8Array(varintBytesMax)
  let at = 0
  for (const record of kept) {
    const deltaBytes = writeVarlong(delta, 0, record.timestampMs - horizonMs)
    const rest = bytes.subarray(record.offsetDeltaAt, record.end)
    at = writeVarint(out, at, 1 + deltaBytes + rest.length)
    out[at++] = bytes[record.attributesAt] as number
    out.set(delta.subarray(0, deltaBytes), at)
    at += deltaBytes
    out.set(rest, at)
    at += rest.length
  }
  return out.subarray(0, at)
}
