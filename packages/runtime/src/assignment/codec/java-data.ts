/** Reads and writes as Java's DataOutputStream does, for the assignment's user data: int32, int64, `writeUTF`. */
import { FatalError } from '@millrace/core'

/** A growing list of bytes. */
export class JavaDataWriter {
  readonly #bytes: number[] = []

  int32(value: number): void {
    this.#bytes.push((value >> 24) & 0xff, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff)
  }

  /** A safe integer. */
  int64(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000)
    this.int32(high)
    this.int32(value - high * 0x1_0000_0000)
  }

  /** Length as uint16, then "modified UTF-8": every UTF-16 unit by itself, NUL as two bytes. */
  text(value: string): void {
    const start = this.#bytes.length
    this.#bytes.push(0, 0)
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0 && unit < 0x80) this.#bytes.push(unit)
      else if (unit < 0x800) this.#bytes.push(0xc0 | (unit >> 6), 0x80 | (unit & 0x3f))
      else this.#bytes.push(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f))
    }
    const length = this.#bytes.length - start - 2
    this.#bytes[start] = length >> 8
    this.#bytes[start + 1] = length & 0xff
  }

  toBytes(): Uint8Array {
    return Uint8Array.from(this.#bytes)
  }
}

/** Reads what `JavaDataWriter` and Java write. @throws {MR_PROTOCOL_DECODE} beyond the end */
export class JavaDataReader {
  #at = 0
  readonly #name: string
  readonly #view: DataView

  constructor(name: string, bytes: Uint8Array) {
    this.#name = name
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  int32(): number {
    return this.#view.getInt32(this.#step(4))
  }

  /** An int64 as a number, exact if it is a safe integer. */
  int64(): number {
    const at = this.#step(8)
    return this.#view.getInt32(at) * 0x1_0000_0000 + this.#view.getUint32(at + 4)
  }

  uint16(): number {
    return this.#view.getUint16(this.#step(2))
  }

  /** A count of things of at least `eachMin` bytes. */
  count(eachMin: number): number {
    const count = this.int32()
    if (count < 0 || count * eachMin > this.#view.byteLength - this.#at) throw this.#refuse(`a count of ${count}`)
    return count
  }

  text(): string {
    const length = this.uint16()
    const end = this.#step(length) + length
    let text = ''
    for (let at = end - length; at < end;) {
      const first = this.#view.getUint8(at)
      const size = first < 0x80 ? 1 : first < 0xe0 ? 2 : 3
      if (at + size > end) throw this.#refuse('a text that is cut short')
      let unit = size === 1 ? first : first & (size === 2 ? 0x1f : 0x0f)
      for (let i = 1; i < size; i++) unit = (unit << 6) | (this.#view.getUint8(at + i) & 0x3f)
      text += String.fromCharCode(unit)
      at += size
    }
    return text
  }

  #step(length: number): number {
    const start = this.#at
    if (length > this.#view.byteLength - start) throw this.#refuse(`${length} bytes wanted`)
    this.#at = start + length
    return start
  }

  #refuse(reason: string): FatalError<'MR_PROTOCOL_DECODE'> {
    const length = this.#view.byteLength
    return new FatalError('MR_PROTOCOL_DECODE', { message: this.#name, version: 0, position: this.#at, length, reason })
  }
}
