/**
 * Value of the suppress buffer's changelog: the context of the record that changed a key, and three values of the key.
 *
 * ```
 * context:  timestamp int64 │ offset int64 │ topic │ partition int32 │ headers: count int32 │ { key │ value } …
 * buffer:   context │ prior │ old (length −2: the same as prior) │ new
 * ```
 * Texts and values stand behind their length as int32; −1 = null. Kafka's ProcessorRecordContext and BufferValue.
 */
import { type Header, type Headers, noHeaders } from '../../record/headers.ts'
import { writeLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'
import { decodeUtf8, encodeUtf8 } from '../utf8.ts'
import { ByteCursor } from './byte-cursor.ts'
import { writeInt32 } from './int-bytes.ts'

/** Where and when a record came from. `offset` −1: not from a topic. */
export interface StoredRecordContext {
  readonly timestampMs: number
  readonly offset: number
  readonly topic: string
  readonly partition: number
  readonly headers: Headers
}

/** `priorValue`: what downstream saw last; `oldValue` and `newValue`: the latest change of the key. */
export interface BufferValue {
  readonly context: StoredRecordContext
  readonly priorValue: Uint8Array | null
  readonly oldValue: Uint8Array | null
  readonly newValue: Uint8Array | null
}

const sameAsPrior = -2

export function encodeRecordContext(context: StoredRecordContext): Uint8Array {
  const topic = encodeUtf8(context.topic)
  const keys = context.headers.map((header) => encodeUtf8(header.key))
  const bytes = new Uint8Array(contextSize(topic, keys, context.headers))
  writeLong(bytes, 0, context.timestampMs)
  writeLong(bytes, 8, context.offset)
  let at = writeSized(bytes, 16, topic)
  at = writeInt32(bytes, at, context.partition)
  at = writeInt32(bytes, at, keys.length)
  for (let i = 0; i < keys.length; i++) {
    at = writeSized(bytes, at, keys[i] as Uint8Array)
    at = writeSized(bytes, at, (context.headers[i] as Header).value)
  }
  return bytes
}

/** Header values are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeRecordContext(bytes: Uint8Array): StoredRecordContext {
  return readContext(new ByteCursor('recordContext', bytes))
}

export function encodeBufferValue(buffered: BufferValue): Uint8Array {
  const { priorValue, oldValue, newValue } = buffered
  const context = encodeRecordContext(buffered.context)
  const isSame = priorValue !== null && oldValue !== null && areEqual(priorValue, oldValue)
  const size = context.length + 12 + sizeOf(priorValue) + (isSame ? 0 : sizeOf(oldValue)) + sizeOf(newValue)
  const bytes = new Uint8Array(size)
  bytes.set(context)
  let at = writeSized(bytes, context.length, priorValue)
  at = isSame ? writeInt32(bytes, at, sameAsPrior) : writeSized(bytes, at, oldValue)
  writeSized(bytes, at, newValue)
  return bytes
}

/** The values are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeBufferValue(bytes: Uint8Array): BufferValue {
  const cursor = new ByteCursor('bufferValue', bytes)
  const context = readContext(cursor)
  const priorValue = cursor.sized()
  const length = cursor.int32()
  const oldValue = length === sameAsPrior ? priorValue : length === -1 ? null : cursor.take(length)
  return { context, priorValue, oldValue, newValue: cursor.sized() }
}

function contextSize(topic: Uint8Array, keys: readonly Uint8Array[], headers: Headers): number {
  let size = 28 + topic.length
  for (let i = 0; i < keys.length; i++)
    size += 8 + (keys[i] as Uint8Array).length + sizeOf((headers[i] as Header).value)
  return size
}

function readContext(cursor: ByteCursor): StoredRecordContext {
  const timestampMs = cursor.long()
  const offset = cursor.long()
  const topic = text(cursor)
  const partition = cursor.int32()
  const count = cursor.int32()
  if (count <= 0) return { timestampMs, offset, topic, partition, headers: noHeaders }
  const headers: Header[] = []
  for (let i = 0; i < count; i++) {
    const key = text(cursor)
    headers.push({ key, value: cursor.sized() })
  }
  return { timestampMs, offset, topic, partition, headers }
}

function text(cursor: ByteCursor): string {
  const bytes = cursor.sized()
  if (bytes === null) throw wrongFormat('recordContext', 'a name is null')
  return decodeUtf8(bytes)
}

function writeSized(bytes: Uint8Array, at: number, value: Uint8Array | null): number {
  if (value === null) return writeInt32(bytes, at, -1)
  bytes.set(value, writeInt32(bytes, at, value.length))
  return at + 4 + value.length
}

function sizeOf(value: Uint8Array | null): number {
  return value === null ? 0 : value.length
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
