/**
 * Growing buffer that messages and record batches are written into, big endian, as Kafka lays bytes out.
 *
 * One writer is reused for many messages; `take` hands the bytes out. Nothing here knows a message: the compiled
 * schemas of `compile.ts` call it. Text up to 24 characters is written by hand because a call into the encoder costs more than such a text.
 */
import { Buffer } from 'node:buffer'
import { encodeUtf8 } from '@millrace/core/internal'

const handOverBytes = 64 * 1024
const shortText = 24

/** Writes Kafka's primitive types one behind the other; grows as needed. */
export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  position = 0
  /** Name of the field being written, for the text of an error. */
  field = ''

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Forgets what was written and begins anew. */
  reset(): void {
    this.position = 0
    this.field = ''
  }

  /** Makes room for `size` more bytes. */
  ensure(size: number): void {
    const needed = this.position + size
    if (needed <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.position))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  /** The bytes from `start`, the caller's own: copied when small; when large the writer gives its buffer away. */
  take(start = 0): Uint8Array {
    const size = this.position - start
    if (size < handOverBytes || size * 2 < this.bytes.length) return this.bytes.slice(start, this.position)
    const taken = this.bytes.subarray(start, this.position)
    this.bytes = new Uint8Array(1024)
    this.view = new DataView(this.bytes.buffer)
    this.position = 0
    return taken
  }

  int8(value: number): void {
    this.ensure(1)
    this.bytes[this.position++] = value
  }

  int16(value: number): void {
    this.ensure(2)
    this.view.setInt16(this.position, value)
    this.position += 2
  }

  uint16(value: number): void {
    this.ensure(2)
    this.view.setUint16(this.position, value)
    this.position += 2
  }

  int32(value: number): void {
    this.ensure(4)
    this.view.setInt32(this.position, value)
    this.position += 4
  }

  uint32(value: number): void {
    this.ensure(4)
    this.view.setUint32(this.position, value)
    this.position += 4
  }

  int64(value: bigint): void {
    this.ensure(8)
    this.view.setBigInt64(this.position, value)
    this.position += 8
  }

  float64(value: number): void {
    this.ensure(8)
    this.view.setFloat64(this.position, value)
    this.position += 8
  }

  /** Unsigned varint of 0 … 2^32 − 1, 1–5 bytes. */
  uvarint(value: number): void {
    this.ensure(5)
    const { bytes } = this
    let position = this.position
    let rest = value >>> 0
    while (rest > 0x7f) {
      bytes[position++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[position++] = rest
    this.position = position
  }

  raw(value: Uint8Array): void {
    this.ensure(value.length)
    this.bytes.set(value, this.position)
    this.position += value.length
  }

  /** UTF-8 behind its length as int16. */
  string16(value: string): void {
    this.ensure(2 + value.length * 3)
    const start = this.position
    this.position += 2
    this.text(value)
    this.view.setInt16(start, this.position - start - 2)
  }

  /** UTF-8 behind its length + 1 as an unsigned varint. */
  compactString(value: string): void {
    this.ensure(5 + value.length * 3)
    const start = this.position
    this.position += 1
    this.text(value)
    this.prefixSize(start, 1)
  }

  /**
   * Puts the unsigned varint `size + more` in front of what was written behind `start`, where one byte was left free.
   * Moves the bytes only when the number takes more than one byte.
   */
  prefixSize(start: number, more: number): void {
    const size = this.position - start - 1
    const number = size + more
    if (number > 0x7f) {
      const extra = number < 0x4000 ? 1 : number < 0x20_0000 ? 2 : number < 0x1000_0000 ? 3 : 4
      this.ensure(extra)
      this.bytes.copyWithin(start + 1 + extra, start + 1, this.position)
      this.position = start
      this.uvarint(number)
      this.position += size
    } else this.bytes[start] = number
  }

  /** UTF-8 without a length; room has been made. */
  private text(value: string): void {
    const { length } = value
    if (length <= shortText) {
      const { bytes, position } = this
      let i = 0
      for (; i < length; i++) {
        const unit = value.charCodeAt(i)
        if (unit > 0x7f) break
        bytes[position + i] = unit
      }
      if (i === length) {
        this.position += length
        return
      }
    }
    const encoded = encodeUtf8(value)
    this.bytes.set(encoded, this.position)
    this.position += encoded.length
  }
}

/** 16 bytes of a uuid in Kafka's base64url text; throws a TypeError when it is none. */
export function uuidBytes(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== 16) throw new TypeError(`"${text}" is not a uuid of 22 base64url characters`)
  return bytes
}
