/**
 * Looks at what a client wants to have appended: one whole, undamaged batch that it may write. Records are only looked at
 * for a compacted topic, where each needs a key.
 *
 * The order of the checks and their codes are Kafka's (ProduceRequest.validateRecords, UnifiedLog.analyzeAndValidate,
 * LogValidator).
 */
import { StreamsError } from '@millrace/core'
import { crc32c, errorCode } from '@millrace/protocol/internal'
import {
  type BatchHeader,
  batchHeaderBytes,
  batchPrefixBytes,
  batchSizeAt,
  crcAt,
  crcRangeStart,
  readBatchHeader,
} from './batch-header.ts'
import { haveKeys, recordBytesOf } from './raw-records.ts'

/** Where a batch says its format. */
const magicAt = 16
/** The smallest batch of any format, its prefix included. */
const oldestBatchBytes = 26

/** Limits of the topic that the batch is for. */
export interface BatchLimits {
  readonly messageBytesMax: number
  readonly segmentBytes: number
  readonly timestampBeforeMsMax: number
  readonly timestampAfterMsMax: number
  /** Records need keys. */
  readonly compact: boolean
  /** Timestamps are replaced on arrival, hence not checked. */
  readonly appendTime: boolean
}

/** Why a batch is not taken. */
export interface Refusal {
  readonly error: number
  readonly reason: string
}

/** The batch's header, or why it is refused. */
export function checkClientBatch(bytes: Uint8Array, limits: BatchLimits, nowMs: number): BatchHeader | Refusal {
  const shape = checkShape(bytes)
  if (shape !== undefined) return shape
  const header = readBatchHeader(bytes, 0)
  if (header === undefined || header.sizeBytes < batchHeaderBytes) {
    return { error: errorCode.CORRUPT_MESSAGE, reason: `A batch has ${batchHeaderBytes} bytes at least` }
  }
  if (header.sizeBytes !== bytes.length) return notOneBatch
  const refusal = checkHeader(bytes, header, limits) ?? checkTimes(header, limits, nowMs)
  return refusal ?? (limits.compact ? checkKeys(bytes, header) : undefined) ?? header
}

/** True for a refusal, false for a header. */
export function isRefusal(checked: BatchHeader | Refusal): checked is Refusal {
  return 'error' in checked
}

/** True when the CRC of the whole batch in `bytes` is right. */
export function isIntact(bytes: Uint8Array): boolean {
  return crc32c(bytes.subarray(crcRangeStart)) === crcAt(bytes, 0)
}

const notOneBatch: Refusal = {
  error: errorCode.INVALID_RECORD,
  reason: 'Produce requests must contain exactly one record batch per partition',
}

/** Whether a batch begins here and ends within the bytes, in the order in which Kafka looks (ByteBufferLogInputStream). */
function checkShape(bytes: Uint8Array): Refusal | undefined {
  if (bytes.length < batchPrefixBytes) return notOneBatch
  const sizeBytes = batchSizeAt(bytes, 0)
  if (sizeBytes < oldestBatchBytes)
    return { error: errorCode.CORRUPT_MESSAGE, reason: `Batch claims ${sizeBytes} bytes` }
  const magic = bytes[magicAt]
  if (magic === undefined) return notOneBatch
  if (magic > 2) return { error: errorCode.CORRUPT_MESSAGE, reason: `There are no record batches of magic ${magic}` }
  if (sizeBytes > bytes.length) return notOneBatch
  if (magic === 2) return undefined
  return { error: errorCode.INVALID_RECORD, reason: 'Only record batches of magic 2 are taken' }
}

function checkHeader(bytes: Uint8Array, header: BatchHeader, limits: BatchLimits): Refusal | undefined {
  if (header.baseOffset !== 0) {
    return { error: errorCode.INVALID_RECORD, reason: `The base offset should be 0, but it is ${header.baseOffset}` }
  }
  if (header.sizeBytes > limits.messageBytesMax) {
    const reason = `The batch has ${header.sizeBytes} bytes, more than max.message.bytes ${limits.messageBytesMax}`
    return { error: errorCode.MESSAGE_TOO_LARGE, reason }
  }
  if (!isIntact(bytes)) return { error: errorCode.CORRUPT_MESSAGE, reason: 'The CRC of the batch is wrong' }
  if (header.sizeBytes > limits.segmentBytes) {
    const reason = `The batch has ${header.sizeBytes} bytes, more than segment.bytes ${limits.segmentBytes}`
    return { error: errorCode.RECORD_LIST_TOO_LARGE, reason }
  }
  if (header.control) return { error: errorCode.INVALID_RECORD, reason: 'Clients cannot write control batches' }
  if (header.recordCount <= 0 || header.lastOffset - header.baseOffset + 1 !== header.recordCount) {
    return { error: errorCode.INVALID_RECORD, reason: `Record count ${header.recordCount} disagrees with the offsets` }
  }
  if (header.producerId >= 0 && header.baseSequence < 0) {
    return { error: errorCode.INVALID_RECORD, reason: `Invalid sequence number ${header.baseSequence}` }
  }
  return undefined
}

function checkTimes(header: BatchHeader, limits: BatchLimits, nowMs: number): Refusal | undefined {
  if (limits.appendTime || header.maxTimestampMs < 0) return undefined
  const ahead = header.maxTimestampMs - nowMs
  const behind = nowMs - header.maxTimestampMs
  if (ahead <= limits.timestampAfterMsMax && behind <= limits.timestampBeforeMsMax) return undefined
  const reason = `Timestamp ${header.maxTimestampMs} is out of range at ${nowMs}`
  return { error: errorCode.INVALID_TIMESTAMP, reason }
}

function checkKeys(bytes: Uint8Array, header: BatchHeader): Refusal | undefined {
  try {
    if (haveKeys(recordBytesOf(bytes, header), header)) return undefined
  } catch (error) {
    // Without the codec's package the records cannot be looked at; they are taken as they are.
    if (error instanceof StreamsError) return undefined
    return { error: errorCode.CORRUPT_MESSAGE, reason: 'The records of the batch cannot be read' }
  }
  return { error: errorCode.INVALID_RECORD, reason: 'Compacted topic cannot accept message without key' }
}
