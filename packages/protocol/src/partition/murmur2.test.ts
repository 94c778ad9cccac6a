import { describe, expect, test } from 'vitest'
import { murmur2, partitionForKey } from './murmur2.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('murmur2', () => {
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['abc', 479470107],
  ])('of %s is what Kafka says', (text, hash) => {
    expect(murmur2(bytes(text))).toBe(hash)
  })

  test('gives a partition ≥ 0 for a negative hash', () => {
    expect(partitionForKey(bytes('21'), 10)).toBe((-973932308 & 0x7fffffff) % 10)
  })
})
