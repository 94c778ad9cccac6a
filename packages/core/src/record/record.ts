import { type Headers, noHeaders } from './headers.ts'

/**
 * One record on its way through the nodes of a task: key, value, event time, headers.
 *
 * Immutable. A node that changes something forwards a new object of the same four properties in the same order, so that
 * every record on the path has one hidden class. `timestampMs` is event time in whole ms since the epoch, ≥ 0.
 */
export interface StreamRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly timestampMs: number
  readonly headers: Headers
}

/**
 * Makes a record; the only constructor on the record path, so that all records share one shape.
 *
 * @param timestampMs event time, whole ms since the epoch
 * @param headers default none; give those of the record being processed to pass them on
 */
export function record<K, V>(key: K, value: V, timestampMs: number, headers: Headers = noHeaders): StreamRecord<K, V> {
  return { key, value, timestampMs, headers }
}

/** Where the record being processed came from. `offset` is a number while safe (≤ 2^53 − 1). */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}
