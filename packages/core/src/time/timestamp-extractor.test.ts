import { describe, expect, it } from 'vitest'
import { timestampFunction } from './timestamp-extractor.ts'

const read = (timestampMs: number) => ({
  topic: 't',
  partition: 0,
  offset: 7,
  timestampMs,
  key: 'k',
  value: 'v',
  headers: [],
})
const now = (): number => 99

describe('timestamp extractors', () => {
  it('take the timestamp of the record', () => {
    for (const extractor of ['fail', 'log-and-skip', 'use-partition-time'] as const)
      expect(timestampFunction(extractor, now)(read(5), 3)).toBe(5)
  })

  it('differ in what a negative timestamp means', () => {
    expect(() => timestampFunction('fail', now)(read(-1), 3)).toThrow(/t-0 offset 7.*-1/)
    expect(timestampFunction('log-and-skip', now)(read(-1), 3)).toBe(-1)
    expect(timestampFunction('use-partition-time', now)(read(-1), 3)).toBe(3)
    expect(() => timestampFunction('use-partition-time', now)(read(-1), -1)).toThrow()
  })

  it('can be the wall clock or a function', () => {
    expect(timestampFunction('wall-clock', now)(read(5), 3)).toBe(99)
    expect(timestampFunction(({ offset }, partitionTimeMs) => offset + partitionTimeMs, now)(read(5), 3)).toBe(10)
  })
})
