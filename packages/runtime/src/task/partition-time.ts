/**
 * The metadata of a committed offset: the partition's time, so that late records are still late after a restart, and the
 * decision of extractors that use it is the same. Kafka Streams' TopicPartitionMetadata, version 2, base64:
 *
 *     [version 2: 1][partition time: 8, big-endian][progress of operators: left empty here]
 *
 * Version 1 is the same without the last part. Other versions, and text that is none, mean that no time is known.
 */
import { readLong, writeLong } from '@millrace/core/internal'

/** No event time has been taken from the partition yet. */
export const unknownTimeMs = -1

export function encodePartitionTime(timestampMs: number): string {
  const bytes = new Uint8Array(9)
  bytes[0] = 2
  writeLong(bytes, 1, timestampMs)
  return Buffer.from(bytes).toString('base64')
}

export function decodePartitionTime(metadata: string): number {
  const bytes = Buffer.from(metadata, 'base64')
  if (bytes.length < 9 || (bytes[0] !== 1 && bytes[0] !== 2)) return unknownTimeMs
  return readLong(bytes, 1)
}
