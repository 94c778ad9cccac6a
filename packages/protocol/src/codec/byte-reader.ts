/**
 * Cursor over the bytes of a message, big endian, as Kafka lays bytes out.
 *
 * Reads beyond the end throw a RangeError; whoever decodes a whole message turns it into MR_PROTOCOL_DECODE. Bytes are
 * handed out as views on the same memory, never copied.
 */
import { Buffer } from 'node:buffer'

const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Reads Kafka's primitive types one behind the other. */
export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  private readonly buffer: Buffer
  private readonly view: DataView

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.position = offset
    this.end = end
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, end)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, end)
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.position
  }

  /** Steps over `size` bytes and says where they began. */
  skip(size: number): number {
    const start = this.position
    if (size < 0 || size > this.end - start) {
      throw new RangeError(`${size} bytes wanted at position ${start}, ${this.end - start} left`)
    }
    this.position = start + size
    return start
  }

  int8(): number {
    return this.view.getInt8(this.skip(1))
  }

  int16(): number {
    return this.view.getInt16(this.skip(2))
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2))
  }

  int32(): number {
    return this.view.getInt32(this.skip(4))
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4))
  }

  int64(): bigint {
    return this.view.getBigInt64(this.skip(8))
  }

  float64(): number {
    return this.view.getFloat64(this.skip(8))
  }

  /** Unsigned varint, 0 … 2^32 − 1. */
  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.view.getUint8(this.skip(1))
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError(`varint longer than 5 bytes at position ${this.position - 5}`)
  }

  /** View of the next `size` bytes. */
  raw(size: number): Uint8Array {
    const start = this.skip(size)
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, size)
  }

  /** UTF-8 text of the next `size` bytes. */
  text(size: number): string {
    if (size === 0) return ''
    const start = this.skip(size)
    return this.buffer.toString('utf8', start, start + size)
  }

  /** Kafka's base64url text of the next 16 bytes. */
  uuid(): string {
    const start = this.skip(16)
    const { view } = this
    if (view.getInt32(start) === 0 && view.getBigInt64(start) === 0n && view.getBigInt64(start + 8) === 0n)
      return zeroUuid
    return this.buffer.toString('base64url', start, start + 16)
  }

  /** Steps over a tag buffer. */
  skipTags(): void {
    const count = this.uvarint()
    for (let i = 0; i < count; i++) {
      this.uvarint()
      this.skip(this.uvarint())
    }
  }
}
