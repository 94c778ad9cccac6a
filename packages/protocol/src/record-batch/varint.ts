/**
 * Zig-zag varints of record batches, without BigInt while numbers are safe.
 *
 * A `varint` is an int32 in 1–5 bytes, a `varlong` an int64 in 1–10. Varlongs are JavaScript numbers here; those beyond
 * 2^53 go through BigInt, exactly when written and rounded to the nearest double when read.
 */

/** Bytes a varint takes. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5
}

/** Bytes a varlong takes; the value is a safe integer. */
export function varlongSize(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return varintSize(value)
  let rest = value < 0 ? -(value + 1) : value
  let size = 0
  for (let limit = 64; ; limit = 128) {
    size++
    if (rest < limit) return size
    rest = Math.floor(rest / limit)
  }
}

/** Writes a varint at `at` and returns the position behind it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[at++] = rest
  return at
}

/** Writes a varlong, a safe integer, at `at` and returns the position behind it. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return writeVarint(bytes, at, value)
  return writeVarint64(bytes, at, BigInt(value))
}

/** Writes any int64 as a varlong. */
export function writeVarint64(bytes: Uint8Array, at: number, value: bigint): number {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  while (rest > 0x7fn) {
    bytes[at++] = Number(rest & 0x7fn) | 0x80
    rest >>= 7n
  }
  bytes[at++] = Number(rest)
  return at
}

/** Reads varints one behind the other. Reads beyond the end and varints that are too long throw a RangeError. */
export class VarintCursor {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  /** The next varint, an int32. */
  varint(): number {
    const byte = this.bytes[this.at]!
    if (byte < 0x80) {
      this.at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    const raw = this.unsigned()
    return (raw >>> 1) ^ -(raw & 1)
  }

  /** The next varlong; beyond ±2^53 rounded to a double (which is then no safe integer). */
  varlong(): number {
    const byte = this.bytes[this.at]!
    if (byte < 0x80) {
      this.at++
      return (byte >>> 1) ^ -(byte & 1)
    }
    const second = this.bytes[this.at + 1]!
    if (second < 0x80) {
      this.at += 2
      const raw = (byte & 0x7f) | (second << 7)
      return (raw >>> 1) ^ -(raw & 1)
    }
    return this.longer()
  }

  /** The next unsigned varint of 32 bits. */
  unsigned(): number {
    let raw = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      raw |= (byte & 0x7f) << shift
      if (byte < 0x80) return raw >>> 0
    }
    throw new RangeError(`varint longer than 5 bytes before position ${this.at}`)
  }

  /** The next varlong, exactly. */
  varint64(): bigint {
    let raw = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte()
      raw |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n))
    }
    throw new RangeError(`varlong longer than 10 bytes before position ${this.at}`)
  }

  /** A varlong of three bytes or more: 28 bits as an integer, up to 49 bits as a double, the rest exactly. */
  private longer(): number {
    const start = this.at
    let low = 0
    let high = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.byte()
      if (shift < 28) low |= (byte & 0x7f) << shift
      else high |= (byte & 0x7f) << (shift - 28)
      if (byte < 0x80) {
        const half = high * 0x800_0000 + (low >>> 1)
        return (low & 1) === 0 ? half : -half - 1
      }
    }
    this.at = start
    return Number(this.varint64())
  }

  private byte(): number {
    const byte = this.bytes[this.at]
    if (byte === undefined) throw new RangeError(`varint runs over the end at ${this.at}`)
    this.at++
    return byte
  }
}
