import { beforeAll, describe, expect, test } from 'vitest'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { decodeBatches } from '../record-batch/record-batch.ts'
import { compress, compressionNames, decompress, loadCodecs } from './compression.ts'
import { zstdContentBound } from './zstd.ts'

const text = new TextEncoder().encode('the same again and '.repeat(20_000))

beforeAll(() => loadCodecs(['gzip', 'snappy', 'lz4', 'zstd']))

describe.each(compressionNames)('%s', (name) => {
  test.each([1, 100, 32 * 1024, 32 * 1024 + 1, text.length])('gives %d bytes back', (size) => {
    const plain = text.subarray(0, size)
    const packed = compress(name, plain)
    const unpacked = decompress(name, packed)
    expect(Buffer.compare(unpacked, plain)).toBe(0)
    expect(Object.getPrototypeOf(packed)).toBe(Uint8Array.prototype)
    expect(Object.getPrototypeOf(unpacked)).toBe(Uint8Array.prototype)
  })

  test('compresses a batch, whose header stays plain', () => {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 300; i++) builder.append(null, text.subarray(0, 50), i)
    const plainSize = builder.sizeInBytes
    const batch = builder.build({ compression: name, baseOffset: 5 })
    const decoded = decodeBatches(batch)[0]!
    expect(decoded.header).toMatchObject({ compression: name, baseOffset: 5, recordCount: 300, lastOffset: 304 })
    expect(decoded.valueAt(299)).toEqual(text.subarray(0, 50))
    if (name !== 'none') expect(batch.length).toBeLessThan(plainSize / 2)
  })
})

describe.each(compressionNames.filter((name) => name !== 'none'))('damaged %s', (name) => {
  test('is refused as a batch', () => {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 50; i++) builder.append(null, text.subarray(i, 90), i)
    const batch = builder.build({ compression: name })
    const damaged = batch.subarray(0, batch.length - 12).slice()
    new DataView(damaged.buffer).setInt32(8, damaged.length - 12)
    expect(() => decodeBatches(damaged, { checkCrc: false })).toThrow(/offset 0 cannot be decoded/)
  })
})

describe('snappy', () => {
  test('is written in the framing that Java reads', () => {
    const packed = compress('snappy', text)
    expect([...packed.subarray(0, 8)]).toEqual([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
    expect([...packed.subarray(8, 16)]).toEqual([0, 0, 0, 1, 0, 0, 0, 1])
  })

  test('with a chunk longer than its bytes is refused', () => {
    const packed = compress('snappy', text.subarray(0, 100)).slice()
    packed[16] = 0x7f
    expect(() => decompress('snappy', packed)).toThrow(/cut short/)
  })
})

describe('zstd', () => {
  test.each([1, 1000, 131_072, 131_073, text.length])('never holds more than its bound (%d bytes)', (size) => {
    expect(zstdContentBound(compress('zstd', text.subarray(0, size)))).toBeGreaterThanOrEqual(size)
  })

  test('counts every frame, skippable ones not', () => {
    const one = compress('zstd', text.subarray(0, 200))
    const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9)
    expect(zstdContentBound(Uint8Array.of(...one, ...skippable, ...one))).toBe(2 * zstdContentBound(one))
  })

  test('refuses what is no frame', () => {
    expect(() => zstdContentBound(new Uint8Array(20))).toThrow(/not a zstd frame/)
  })
})
