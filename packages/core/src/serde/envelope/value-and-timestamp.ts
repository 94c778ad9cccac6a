/** Value of a timestamped store and its changelog: `timestamp int64 │ value` (Kafka's ValueAndTimestampSerializer). */
import { readLong, writeLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'

/** Puts the timestamp in front of the value. */
export function encodeValueAndTimestamp(value: Uint8Array, timestampMs: number): Uint8Array {
  const bytes = new Uint8Array(8 + value.length)
  writeLong(bytes, 0, timestampMs)
  bytes.set(value, 8)
  return bytes
}

/** Timestamp of such a value. @throws {MR_SERDE_FORMAT} fewer than 8 bytes */
export function timestampOf(bytes: Uint8Array): number {
  if (bytes.length < 8) throw wrongFormat('valueAndTimestamp', `at least 8 bytes wanted, got ${bytes.length}`)
  return readLong(bytes, 0)
}

/** The value itself, a view. @throws {MR_SERDE_FORMAT} fewer than 8 bytes */
export function plainValueOf(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 8) throw wrongFormat('valueAndTimestamp', `at least 8 bytes wanted, got ${bytes.length}`)
  return bytes.subarray(8)
}
