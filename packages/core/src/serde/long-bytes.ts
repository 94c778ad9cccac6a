/** Safe whole numbers as 8 bytes, big-endian, by two 32-bit halves: no bigint, no DataView on the record path. */

/** Writes a safe integer at an offset. */
export function writeLong(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000)
  const low = value >>> 0
  bytes[at] = high >> 24
  bytes[at + 1] = high >> 16
  bytes[at + 2] = high >> 8
  bytes[at + 3] = high
  bytes[at + 4] = low >>> 24
  bytes[at + 5] = low >>> 16
  bytes[at + 6] = low >>> 8
  bytes[at + 7] = low
}

/** Reads 8 bytes at an offset; the result is exact only if it is a safe integer. */
export function readLong(bytes: Uint8Array, at: number): number {
  const high =
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  const low =
    ((bytes[at + 4] as number) << 24) |
    ((bytes[at + 5] as number) << 16) |
    ((bytes[at + 6] as number) << 8) |
    (bytes[at + 7] as number)
  return high * 0x1_0000_0000 + (low >>> 0)
}
