/**
 * Headers inside stored values (KIP-1271, Kafka 4.3).
 *
 * ```
 * headers:                 count │ { key length │ key │ value length, −1 = null │ value } …   (varints; none = no bytes)
 * value with timestamp:    size of headers (varint) │ headers │ timestamp int64 │ value
 * aggregate of a session:  size of headers (varint) │ headers │ value
 * ```
 */
import { type Header, type Headers, noHeaders } from '../../record/headers.ts'
import { writeLong } from '../long-bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../utf8.ts'
import { ByteCursor } from './byte-cursor.ts'
import { varintSize, writeVarint } from './int-bytes.ts'

/** A stored value with the headers of the record that wrote it. */
export interface ValueTimestampHeaders {
  readonly value: Uint8Array
  readonly timestampMs: number
  readonly headers: Headers
}

/** A session's aggregate with headers. */
export interface AggregateWithHeaders {
  readonly value: Uint8Array
  readonly headers: Headers
}

/** Bytes of headers; none for no headers. */
export function encodeHeaders(headers: Headers): Uint8Array {
  if (headers.length === 0) return new Uint8Array(0)
  const keys = headers.map((header) => encodeUtf8(header.key))
  let size = varintSize(headers.length)
  for (let i = 0; i < headers.length; i++) {
    const key = keys[i] as Uint8Array
    const value = (headers[i] as Header).value
    size += varintSize(key.length) + key.length + (value === null ? 1 : varintSize(value.length) + value.length)
  }
  const bytes = new Uint8Array(size)
  let at = writeVarint(bytes, 0, headers.length)
  for (let i = 0; i < headers.length; i++) {
    const key = keys[i] as Uint8Array
    const value = (headers[i] as Header).value
    at = writeVarint(bytes, at, key.length)
    bytes.set(key, at)
    at = writeVarint(bytes, at + key.length, value === null ? -1 : value.length)
    if (value === null) continue
    bytes.set(value, at)
    at += value.length
  }
  return bytes
}

/** Reads headers; their values are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeHeaders(bytes: Uint8Array): Headers {
  if (bytes.length === 0) return noHeaders
  const cursor = new ByteCursor('headers', bytes)
  const count = cursor.varint()
  const headers: Header[] = []
  for (let i = 0; i < count; i++) {
    const key = decodeUtf8(cursor.take(cursor.varint()))
    const length = cursor.varint()
    headers.push({ key, value: length < 0 ? null : cursor.take(length) })
  }
  return count === 0 ? noHeaders : headers
}

export function encodeValueTimestampHeaders(stored: ValueTimestampHeaders): Uint8Array {
  const headers = encodeHeaders(stored.headers)
  const lead = varintSize(headers.length)
  const bytes = new Uint8Array(lead + headers.length + 8 + stored.value.length)
  writeVarint(bytes, 0, headers.length)
  bytes.set(headers, lead)
  writeLong(bytes, lead + headers.length, stored.timestampMs)
  bytes.set(stored.value, lead + headers.length + 8)
  return bytes
}

/** The value is a view. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeValueTimestampHeaders(bytes: Uint8Array): ValueTimestampHeaders {
  const cursor = new ByteCursor('valueTimestampHeaders', bytes)
  const headers = decodeHeaders(cursor.take(cursor.varint()))
  const timestampMs = cursor.long()
  return { value: cursor.rest(), timestampMs, headers }
}

export function encodeAggregateWithHeaders(stored: AggregateWithHeaders): Uint8Array {
  const headers = encodeHeaders(stored.headers)
  const lead = varintSize(headers.length)
  const bytes = new Uint8Array(lead + headers.length + stored.value.length)
  writeVarint(bytes, 0, headers.length)
  bytes.set(headers, lead)
  bytes.set(stored.value, lead + headers.length)
  return bytes
}

/** The value is a view. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeAggregateWithHeaders(bytes: Uint8Array): AggregateWithHeaders {
  const cursor = new ByteCursor('aggregateWithHeaders', bytes)
  const headers = decodeHeaders(cursor.take(cursor.varint()))
  return { value: cursor.rest(), headers }
}
