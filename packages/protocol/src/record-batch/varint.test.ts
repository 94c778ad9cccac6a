import { describe, expect, test } from 'vitest'
import { VarintCursor, varintSize, varlongSize, writeVarint, writeVarint64, writeVarlong } from './varint.ts'

const seed = Number(process.env['SEED'] ?? 7)

describe('varints', () => {
  test('agree with the exact ones at every power of two', () => {
    for (let bits = 0; bits < 53; bits++) {
      for (const value of [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1]) {
        const [exact, fast] = [new Uint8Array(10), new Uint8Array(10)]
        const size = writeVarint64(exact, 0, BigInt(value))
        expect(writeVarlong(fast, 0, value)).toBe(size)
        expect(fast).toEqual(exact)
        expect(varlongSize(value)).toBe(size)
        expect(new VarintCursor(exact).varlong()).toBe(value)
        if (value === (value | 0)) {
          expect(writeVarint(fast.fill(0), 0, value)).toBe(size)
          expect(varintSize(value)).toBe(size)
          expect(new VarintCursor(fast).varint()).toBe(value)
        }
      }
    }
  })

  test(`agree with the exact ones on random numbers (seed ${seed})`, () => {
    const next = seededNumbers(seed)
    for (let i = 0; i < 5000; i++) {
      const value =
        Math.floor((next() * 0x20_0000 + (next() >>> 11)) / 2 ** (next() % 53)) * (next() % 2 === 0 ? 1 : -1)
      const bytes = new Uint8Array(10)
      const size = writeVarlong(bytes, 0, value)
      const cursor = new VarintCursor(bytes)
      expect([cursor.varlong() + 0, cursor.at]).toEqual([value + 0, size])
      expect(new VarintCursor(bytes).varint64()).toBe(BigInt(value))
    }
  })

  test('hold the limits of int64', () => {
    for (const value of [2n ** 63n - 1n, -(2n ** 63n)]) {
      const bytes = new Uint8Array(10)
      expect(writeVarint64(bytes, 0, value)).toBe(10)
      expect(new VarintCursor(bytes).varint64()).toBe(value)
      expect(new VarintCursor(bytes).varlong()).toBe(Number(value))
    }
  })

  test('that do not end are refused', () => {
    const endless = new Uint8Array(12).fill(0xff)
    expect(() => new VarintCursor(endless).varint()).toThrow(RangeError)
    expect(() => new VarintCursor(endless).varlong()).toThrow(RangeError)
    for (const size of [0, 1, 2, 4, 8]) {
      expect(() => new VarintCursor(endless.subarray(0, size)).varint()).toThrow(RangeError)
      expect(() => new VarintCursor(endless.subarray(0, size)).varlong()).toThrow(RangeError)
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
