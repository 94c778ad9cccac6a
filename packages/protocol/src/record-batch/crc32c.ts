/**
 * CRC-32C (Castagnoli), the checksum of record batches.
 *
 * Uses `@node-rs/crc32` when it is installed and the input is long enough to pay for the call; else eight bytes at a
 * time with tables ("slicing by 8", Kounavis and Berry 2005).
 */
import { createRequire } from 'node:module'

type Crc = (bytes: Uint8Array) => number

/** Below this many bytes the call into native code costs more than the tables. */
const nativeBytesMin = 256
const tables: readonly Int32Array[] = makeTables()
let native: Crc | null | undefined

/** CRC-32C of the bytes, unsigned. */
export function crc32c(bytes: Uint8Array): number {
  if (bytes.length < nativeBytesMin) return crc32cTables(bytes)
  if (native === undefined) native = loadNative()
  return native === null ? crc32cTables(bytes) : native(bytes)
}

/** The same in JavaScript alone. */
export function crc32cTables(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [Table, Table, Table, Table, Table, Table, Table, Table]
  const { length } = bytes
  let crc = -1
  let i = 0
  for (; i + 8 <= length; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < length; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ -1) >>> 0
}

type Table = Int32Array

function makeTables(): Int32Array[] {
  const made = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82f63b78
    made[0]![byte] = crc
  }
  for (let table = 1; table < 8; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = made[table - 1]![byte]!
      made[table]![byte] = (before >>> 8) ^ made[0]![before & 0xff]!
    }
  }
  return made
}

function loadNative(): Crc | null {
  try {
    const loaded = createRequire(import.meta.url)('@node-rs/crc32') as { readonly crc32c: Crc }
    return loaded.crc32c
  } catch {
    return null
  }
}
