import { describe, expect, test } from 'vitest'
import { crc32c, crc32cTables } from './crc32c.ts'

/** The definition, bit by bit. */
function slowCrc(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1))
  }
  return (crc ^ -1) >>> 0
}

describe('CRC-32C', () => {
  test('of the standard check text is e3069283', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  })

  test('is the same by tables, by native code and by definition, for every length and alignment', () => {
    const next = seededNumbers(3)
    const bytes = Uint8Array.from({ length: 700 }, () => next() & 255)
    for (let start = 0; start < 9; start++) {
      for (let end = start; end < bytes.length; end += 1 + (end >> 4)) {
        const part = bytes.subarray(start, end)
        const wanted = slowCrc(part)
        expect(crc32cTables(part)).toBe(wanted)
        expect(crc32c(part)).toBe(wanted)
      }
    }
  })
})

/** Numbers 0 … 2^32 − 1 (xorshift32). */
function seededNumbers(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}
