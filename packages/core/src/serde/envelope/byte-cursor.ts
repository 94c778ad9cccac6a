/** Walks over the bytes of an envelope; every length is checked before it is used. */
import { readLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'
import { readInt32, readVarint, varintSize } from './int-bytes.ts'

/** Reads parts one behind the other. What it hands out are views. @throws {MR_SERDE_FORMAT} beyond the end */
export class ByteCursor {
  at: number
  readonly #name: string
  readonly #bytes: Uint8Array

  /** @param name of the envelope, for errors */
  constructor(name: string, bytes: Uint8Array, at = 0) {
    this.#name = name
    this.#bytes = bytes
    this.at = at
  }

  get remaining(): number {
    return this.#bytes.length - this.at
  }

  int8(): number {
    return ((this.#bytes[this.#step(1)] as number) << 24) >> 24
  }

  int32(): number {
    return readInt32(this.#bytes, this.#step(4))
  }

  /** An int64 as a number, exact if it is a safe integer. */
  long(): number {
    return readLong(this.#bytes, this.#step(8))
  }

  varint(): number {
    const value = readVarint(this.#bytes, this.at)
    this.#step(varintSize(value))
    return value
  }

  take(length: number): Uint8Array {
    const start = this.#step(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** Bytes behind their length as int32; −1 = null. */
  sized(): Uint8Array | null {
    const length = this.int32()
    return length === -1 ? null : this.take(length)
  }

  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  /** A count of things of at least `eachMin` bytes: absurd ones are refused before anything is allocated. */
  count(eachMin: number): number {
    const count = this.int32()
    if (count < 0 || count * eachMin > this.remaining) throw this.#short(`a count of ${count}`)
    return count
  }

  #step(length: number): number {
    const start = this.at
    if (length < 0 || length > this.#bytes.length - start) throw this.#short(`a length of ${length}`)
    this.at = start + length
    return start
  }

  #short(what: string): Error {
    return wrongFormat(this.#name, `${what} at byte ${this.at} points beyond the end (${this.#bytes.length} bytes)`)
  }
}
