/** Times in keys and values of stores: 8 bytes, big-endian. */
import { readLong, writeLong } from '../serde/long-bytes.ts'

const longMax = 0x8000_0000_0000_0000

/** Writes whole ms; 2^63, which is what `Long.MAX_VALUE` (unlimited windows) is as a double, is written as Java's. */
export function writeInt64(bytes: Uint8Array, at: number, value: number): void {
  if (value < longMax) {
    writeLong(bytes, at, value)
    return
  }
  bytes[at] = 0x7f
  bytes.fill(0xff, at + 1, at + 8)
}

export { readLong as readInt64 }
