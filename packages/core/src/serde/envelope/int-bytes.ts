/** int32 as 4 bytes, big-endian, and the zig-zag varint of Kafka's `ByteUtils`, by hand: no DataView per value. */

/** Writes an int32 at `at` and returns the position behind it. */
export function writeInt32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
  return at + 4
}

/** Reads an int32; bytes beyond the end count as 0. */
export function readInt32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

/** Bytes a varint takes, 1–5. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5
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

/** Reads a varint; how many bytes it took is `varintSize` of the result, as nobody writes longer forms. */
export function readVarint(bytes: Uint8Array, at: number): number {
  let raw = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++] as number
    raw |= (byte & 0x7f) << shift
    if (!(byte > 0x7f)) break
  }
  return (raw >>> 1) ^ -(raw & 1)
}
