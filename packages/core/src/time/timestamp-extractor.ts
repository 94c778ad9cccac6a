/**
 * Where a record's event time comes from. The four extractors of Kafka are names; anything else is a function.
 *
 * Called for the head of each input queue when it becomes head. A negative result drops the record and counts it.
 */
import { FatalError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'

/** A record as it was read, before it is processed. */
export interface ConsumedRecord<K = unknown, V = unknown> {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly key: K
  readonly value: V
  readonly headers: Headers
}

/**
 * Event time of a record, ms since the epoch.
 *
 * @param partitionTimeMs greatest event time taken from this partition so far, −1 = none
 */
export type TimestampFunction = (record: ConsumedRecord, partitionTimeMs: number) => number

/**
 * - `fail` (default): the record's timestamp; a negative one stops the task
 * - `log-and-skip`: the record's timestamp; a record with a negative one is dropped
 * - `use-partition-time`: the record's timestamp, or that of the partition when negative
 * - `wall-clock`: the time of processing
 */
export type TimestampExtractor = 'fail' | 'log-and-skip' | 'use-partition-time' | 'wall-clock' | TimestampFunction

/** The function of an extractor. `nowMs` is the wall clock. */
export function timestampFunction(extractor: TimestampExtractor, nowMs: () => number): TimestampFunction {
  if (typeof extractor === 'function') return extractor
  switch (extractor) {
    case 'fail':
      return failOnNegative
    case 'log-and-skip':
      return (record) => record.timestampMs
    case 'use-partition-time':
      return partitionTimeIfNegative
    case 'wall-clock':
      return () => nowMs()
  }
}

/** @throws {MR_RECORD_TIMESTAMP} if the timestamp is negative */
function failOnNegative(record: ConsumedRecord): number {
  if (record.timestampMs < 0) throw negative(record)
  return record.timestampMs
}

/** @throws {MR_RECORD_TIMESTAMP} if the timestamp is negative and the partition has no time yet */
function partitionTimeIfNegative(record: ConsumedRecord, partitionTimeMs: number): number {
  if (record.timestampMs >= 0) return record.timestampMs
  if (partitionTimeMs < 0) throw negative(record)
  return partitionTimeMs
}

function negative(record: ConsumedRecord): FatalError {
  const { topic, partition, offset, timestampMs } = record
  return new FatalError('MR_RECORD_TIMESTAMP', { topic, partition, offset, timestampMs })
}
