/** Finds offsets by time: the batch by its header, then the record in it, which alone is decoded. */
import { decodeBatches } from '@millrace/protocol/internal'
import type { PartitionLog } from './partition-log.ts'

/** A record's place in time. */
export interface TimedOffset {
  readonly offset: number
  readonly timestampMs: number
}

/** The first record at or after a time, at or behind the start of the log and before `upTo`. */
export function findByTimestamp(log: PartitionLog, timestampMs: number, upTo: number): TimedOffset | undefined {
  for (const segment of log.segments) {
    if (segment.nextOffset <= log.startOffset) continue
    for (const place of segment.batchesSince(timestampMs)) {
      const found = firstAt(segment.read(place), timestampMs, log.startOffset)
      if (found) return found.offset < upTo ? found : undefined
    }
  }
  return undefined
}

/** The first record with the greatest timestamp of the log. */
export function findLatest(log: PartitionLog): TimedOffset | undefined {
  const latest = log.segments.reduce((max, segment) => Math.max(max, segment.maxTimestampMs), -1)
  return latest < 0 ? undefined : findByTimestamp(log, latest, Infinity)
}

function firstAt(bytes: Uint8Array, timestampMs: number, startOffset: number): TimedOffset | undefined {
  for (const batch of decodeBatches(bytes, { checkCrc: false })) {
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsetAt(i)
      const time = batch.timestampAt(i)
      if (time >= timestampMs && offset >= startOffset) return { offset, timestampMs: time }
    }
  }
  return undefined
}
