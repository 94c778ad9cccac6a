/**
 * Key and value of the buffer in which an outer stream-stream join keeps records that have not met anybody yet.
 *
 * ```
 * key:    timestamp int64 │ 1 = left side, 0 = right │ key         value:  1 = left, 0 = right │ value
 * ```
 */
import { writeLong } from '../long-bytes.ts'
import { ByteCursor } from './byte-cursor.ts'

export interface JoinBufferKey {
  readonly key: Uint8Array
  readonly timestampMs: number
  readonly isLeft: boolean
}

export interface JoinBufferValue {
  readonly value: Uint8Array
  readonly isLeft: boolean
}

/** Kafka's TimestampedKeyAndJoinSide: byte order is time order. */
export function encodeJoinBufferKey(key: Uint8Array, timestampMs: number, isLeft: boolean): Uint8Array {
  const bytes = new Uint8Array(9 + key.length)
  writeLong(bytes, 0, timestampMs)
  bytes[8] = isLeft ? 1 : 0
  bytes.set(key, 9)
  return bytes
}

/** The key is a view. @throws {MR_SERDE_FORMAT} too short */
export function decodeJoinBufferKey(bytes: Uint8Array): JoinBufferKey {
  const cursor = new ByteCursor('joinBufferKey', bytes)
  const timestampMs = cursor.long()
  const isLeft = cursor.int8() === 1
  return { key: cursor.rest(), timestampMs, isLeft }
}

/** Kafka's LeftOrRightValue. */
export function encodeJoinBufferValue(value: Uint8Array, isLeft: boolean): Uint8Array {
  const bytes = new Uint8Array(1 + value.length)
  bytes[0] = isLeft ? 1 : 0
  bytes.set(value, 1)
  return bytes
}

/** The value is a view. @throws {MR_SERDE_FORMAT} too short */
export function decodeJoinBufferValue(bytes: Uint8Array): JoinBufferValue {
  const cursor = new ByteCursor('joinBufferValue', bytes)
  const isLeft = cursor.int8() === 1
  return { value: cursor.rest(), isLeft }
}
