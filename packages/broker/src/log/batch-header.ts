/**
 * Reads and patches the header of a record batch (magic 2) in place; the records behind it stay as they are.
 *
 * Layout, big endian: base offset i64 @0 · length i32 @8 (of what follows) · leader epoch i32 @12 · magic i8 @16 ·
 * CRC u32 @17 (of everything from 21 on) · attributes i16 @21 · last offset delta i32 @23 · base timestamp i64 @27 ·
 * max timestamp i64 @35 · producer id i64 @43 · producer epoch i16 @51 · base sequence i32 @53 · count i32 @57.
 */

/** Bytes of a batch before its records. */
export const batchHeaderBytes = 61
/** Bytes of offset and length in front of what the length counts. */
export const batchPrefixBytes = 12
/** Where the CRC's range begins. */
export const crcRangeStart = 21

const logAppendTimeFlag = 0x08
const transactionalFlag = 0x10
const controlFlag = 0x20

/** The fields of one batch that the broker looks at. Offsets and timestamps are numbers: safe up to 2^53. */
export interface BatchHeader {
  readonly baseOffset: number
  /** Whole size in bytes, header included. */
  readonly sizeBytes: number
  readonly leaderEpoch: number
  readonly magic: number
  readonly attributes: number
  readonly lastOffset: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  /** −1 when the batch is not idempotent. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
  readonly transactional: boolean
  readonly control: boolean
}

/** Header of the batch at `at`, or undefined when fewer than 61 bytes are there. */
export function readBatchHeader(bytes: Uint8Array, at: number): BatchHeader | undefined {
  if (at + batchHeaderBytes > bytes.length) return undefined
  const attributes = readInt16(bytes, at + 21)
  const baseOffset = readInt64(bytes, at)
  return {
    baseOffset,
    sizeBytes: batchPrefixBytes + readInt32(bytes, at + 8),
    leaderEpoch: readInt32(bytes, at + 12),
    magic: ((bytes[at + 16] as number) << 24) >> 24,
    attributes,
    lastOffset: baseOffset + readInt32(bytes, at + 23),
    baseTimestampMs: readInt64(bytes, at + 27),
    maxTimestampMs: readInt64(bytes, at + 35),
    producerId: readInt64(bytes, at + 43),
    producerEpoch: readInt16(bytes, at + 51),
    baseSequence: readInt32(bytes, at + 53),
    recordCount: readInt32(bytes, at + 57),
    transactional: (attributes & transactionalFlag) !== 0,
    control: (attributes & controlFlag) !== 0,
  }
}

/** Last offset of the batch at `at`, without reading the rest. */
export function lastOffsetAt(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at) + readInt32(bytes, at + 23)
}

/** Whole size of the batch at `at`. */
export function batchSizeAt(bytes: Uint8Array, at: number): number {
  return batchPrefixBytes + readInt32(bytes, at + 8)
}

/** Greatest timestamp of the batch at `at`. */
export function maxTimestampAt(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + 35)
}

/** CRC-32C that the batch at `at` claims. */
export function crcAt(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 17) >>> 0
}

/** Gives the batch at `at` its place in the log; the CRC does not cover these fields. */
export function placeBatch(bytes: Uint8Array, at: number, place: { baseOffset: number; leaderEpoch: number }): void {
  writeInt64(bytes, at, place.baseOffset)
  writeInt32(bytes, at + 12, place.leaderEpoch)
}

/** Marks the batch at `at` as stamped on arrival; its CRC is wrong until `writeCrc`. */
export function stampAppendTime(bytes: Uint8Array, at: number, appendTimeMs: number): void {
  bytes[at + 22] = (bytes[at + 22] as number) | logAppendTimeFlag
  writeInt64(bytes, at + 35, appendTimeMs)
}

/** Writes the CRC of the batch at `at`. */
export function writeCrc(bytes: Uint8Array, at: number, crc: number): void {
  writeInt32(bytes, at + 17, crc | 0)
}

export function readInt16(bytes: Uint8Array, at: number): number {
  return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number)
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

export function readInt64(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) * 4294967296 + (readInt32(bytes, at + 4) >>> 0)
}

export function writeInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  writeInt32(bytes, at, Math.floor(value / 4294967296))
  writeInt32(bytes, at + 4, value >>> 0)
}
