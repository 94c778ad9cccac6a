// Goal: batches at their edges; plain layouts are shown by the wire vectors.
import { noHeaders } from '@millrace/core'
import { describe, expect, test } from 'vitest'
import { batchHeaderBytes, readBatchHeaders, stampBatch, stampLogAppendTime, writeInt64 } from './batch-header.ts'
import { controlType, encodeMarkerBatch } from './control-record.ts'
import { crc32c } from './crc32c.ts'
import { decodeBatch, decodeBatches } from './record-batch.ts'
import { RecordBatchBuilder, recordBytesMax } from './record-batch-builder.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function batchOf(count: number): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (let i = 0; i < count; i++) builder.append(bytes(`k${i}`), bytes(`v${i}`), 1000 + i)
  return builder.build({ baseOffset: 500 })
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** The batch with one byte changed and, if wanted, the checksum made right again. */
function changed(batch: Uint8Array, at: number, value: number, fixCrc: boolean): Uint8Array {
  const copy = batch.slice()
  copy[at] = value
  if (fixCrc) new DataView(copy.buffer).setUint32(17, crc32c(copy.subarray(21)))
  return copy
}

const code = (run: () => unknown): unknown => {
  try {
    run()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'no error'
}

describe('a records field', () => {
  test('that ends inside a batch gives the whole ones before it', () => {
    const [first, second] = [batchOf(3), batchOf(2)]
    for (let size = 0; size < second.length; size++) {
      const batches = decodeBatches(join(first, second.subarray(0, size)))
      expect(batches).toHaveLength(1)
      expect(batches[0]?.count).toBe(3)
    }
    expect(decodeBatches(join(first, second))).toHaveLength(2)
  })

  test('that is empty or shorter than a header gives none', () => {
    expect(readBatchHeaders(new Uint8Array(0))).toEqual([])
    expect(readBatchHeaders(batchOf(1).subarray(0, 60))).toEqual([])
  })

  test('with an impossible length is refused', () => {
    const batch = batchOf(1)
    new DataView(batch.buffer).setInt32(8, 10)
    expect(code(() => readBatchHeaders(batch))).toBe('MR_PROTOCOL_BATCH')
  })

  test('of an old format is refused with its number', () => {
    expect(() => readBatchHeaders(changed(batchOf(1), 16, 1, false))).toThrow(/offset 500.*format version 1/)
  })

  test('may be a view inside a larger buffer', () => {
    const around = join(bytes('before'), batchOf(2), bytes('behind'))
    const batches = decodeBatches(around.subarray(6, around.length - 6))
    expect(batches[0]?.keyAt(1)).toEqual(bytes('k1'))
  })
})

describe('a batch', () => {
  test('with a damaged byte is refused by its checksum, and read when the check is off', () => {
    const batch = batchOf(2)
    const damaged = changed(batch, batch.length - 3, 0x41, false)
    expect(code(() => decodeBatches(damaged))).toBe('MR_PROTOCOL_CRC')
    expect(() => decodeBatches(damaged)).toThrow(/offset 500/)
    expect(decodeBatches(damaged, { checkCrc: false })[0]?.count).toBe(2)
  })

  test.each([
    ['claims more records than its bytes can hold', 60, 200],
    ['claims one record more than it has', 60, 4],
    ['has a record longer than the batch', batchHeaderBytes, 0x7e],
    ['has a record of negative length', batchHeaderBytes, 0x01],
    ['has a key longer than its record', batchHeaderBytes + 4, 0x7e],
  ])('that %s is refused', (_what, at, value) => {
    expect(code(() => decodeBatches(changed(batchOf(3), at, value, true)))).toBe('MR_PROTOCOL_BATCH')
  })

  test('of an unknown compression is refused', () => {
    expect(code(() => readBatchHeaders(changed(batchOf(1), 22, 5, true)))).toBe('MR_PROTOCOL_BATCH')
  })

  test('without records says how far it reaches', () => {
    const builder = new RecordBatchBuilder()
    const empty = builder.build({ baseOffset: 200, lastOffsetDelta: 56, maxTimestampMs: 9, partitionLeaderEpoch: 4 })
    const batch = decodeBatches(empty)[0]!
    expect(empty).toHaveLength(batchHeaderBytes)
    expect([batch.count, batch.header.baseOffset, batch.header.lastOffset]).toEqual([0, 200, 256])
  })

  test('of 130 000 records is read to its end', () => {
    const count = 130_000
    const batch = decodeBatches(batchOf(count))[0]!
    expect(batch.count).toBe(count)
    expect(batch.offsetAt(count - 1)).toBe(500 + count - 1)
    expect(batch.timestampAt(count - 1)).toBe(1000 + count - 1)
    expect(batch.valueAt(count - 1)).toEqual(bytes(`v${count - 1}`))
    expect(batch.header.lastOffset).toBe(500 + count - 1)
  })

  test('hands out views and one shared value for no headers', () => {
    const encoded = batchOf(2)
    const batch = decodeBatches(encoded)[0]!
    expect(batch.keyAt(0)?.buffer).toBe(encoded.buffer)
    expect(batch.headersAt(0)).toBe(noHeaders)
    expect(batch.sizeAt(1)).toBe(4)
  })

  test('keeps nulls, empty values, repeated and non-ASCII header names', () => {
    const builder = new RecordBatchBuilder(1)
    const headers = [
      { key: 'é', value: null },
      { key: 'é', value: new Uint8Array(0) },
      { key: '', value: bytes('x') },
      { key: '\ufeff😀', value: bytes('y'.repeat(300)) },
    ]
    builder.append(null, new Uint8Array(0), 5, headers)
    builder.append(new Uint8Array(0), null, 4, headers.slice(0, 1))
    const batch = decodeBatches(builder.build())[0]!
    expect([batch.keyAt(0), batch.valueAt(0), batch.keyAt(1), batch.valueAt(1)]).toEqual([
      null,
      new Uint8Array(0),
      new Uint8Array(0),
      null,
    ])
    expect(batch.headersAt(0)).toEqual(headers)
    expect([batch.timestampAt(0), batch.timestampAt(1), batch.header.maxTimestampMs]).toEqual([5, 4, 5])
  })

  test('writes a lone surrogate in a header name as Java does', () => {
    const builder = new RecordBatchBuilder()
    builder.append(null, null, 0, [{ key: 'a\ud800', value: null }])
    expect(decodeBatches(builder.build())[0]?.headersAt(0)[0]?.key).toBe('a?')
  })

  test('with log-append time has one timestamp', () => {
    const batch = batchOf(3)
    stampBatch(batch, 77, 3)
    stampLogAppendTime(batch, 5_000_000_000)
    const decoded = decodeBatches(batch)[0]!
    expect([0, 1, 2].map((i) => decoded.timestampAt(i))).toEqual([5e9, 5e9, 5e9])
    expect(decoded.offsetAt(2)).toBe(79)
    expect(decoded.header.partitionLeaderEpoch).toBe(3)
  })

  test('with sequences goes on at 0 behind 2^31 − 1', () => {
    const builder = new RecordBatchBuilder()
    for (let i = 0; i < 3; i++) builder.append(null, null, 0)
    const batch = decodeBatches(builder.build({ producerId: 1n, producerEpoch: 0, baseSequence: 0x7fff_fffe }))[0]!
    expect([0, 1, 2].map((i) => batch.sequenceAt(i))).toEqual([0x7fff_fffe, 0x7fff_ffff, 0])
    expect(batch.header.lastSequence).toBe(0)
  })

  test('keeps timestamps that no double holds recognizable', () => {
    const batch = batchOf(1)
    new DataView(batch.buffer).setBigInt64(27, 1_700_000_000_123_456_789n)
    const decoded = decodeBatch(readBatchHeaders(batch)[0]!, { checkCrc: false })
    expect(Number.isSafeInteger(decoded.timestampAt(0))).toBe(false)
  })

  test('with offsets beyond 2^53 is refused', () => {
    const batch = batchOf(2)
    writeInt64(new DataView(batch.buffer), 0, Number.MAX_SAFE_INTEGER)
    expect(code(() => readBatchHeaders(batch))).toBe('MR_PROTOCOL_BATCH')
  })
})

describe('the builder', () => {
  test('is ready for the next batch after build', () => {
    const builder = new RecordBatchBuilder()
    builder.append(bytes('a'), bytes('b'), 10)
    const first = builder.build()
    const copy = first.slice()
    builder.append(bytes('c'), bytes('d'), 99)
    const second = decodeBatches(builder.build())[0]!
    expect(first).toEqual(copy)
    expect([second.count, second.offsetAt(0), second.timestampAt(0)]).toEqual([1, 0, 99])
    expect(second.header.baseTimestampMs).toBe(99)
  })

  test('tells the size before the batch is built, and a bound before a record is appended', () => {
    const builder = new RecordBatchBuilder()
    const headers = [{ key: 'ключ', value: bytes('1') }]
    let size = builder.sizeInBytes
    for (const timestamp of [0, 2 ** 40, -1, 8.64e15]) {
      const bound = recordBytesMax(bytes('key'), bytes('value'), headers)
      const after = builder.append(bytes('key'), bytes('value'), timestamp, headers)
      expect(after - size).toBeLessThanOrEqual(bound)
      size = after
    }
    expect(builder.build()).toHaveLength(size)
  })

  test('refuses a timestamp that is no whole number, and changes nothing', () => {
    const builder = new RecordBatchBuilder()
    for (const timestamp of [1.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(code(() => builder.append(null, null, timestamp))).toBe('MR_PROTOCOL_RECORD')
    }
    expect([builder.count, builder.sizeInBytes]).toEqual([0, batchHeaderBytes])
  })

  test('drops what was appended when cleared', () => {
    const builder = new RecordBatchBuilder()
    builder.append(null, bytes('x'), 1)
    builder.clear()
    expect(decodeBatches(builder.build())[0]?.count).toBe(0)
  })
})

describe('a transaction marker', () => {
  test.each(['commit', 'abort'] as const)('says %s', (type) => {
    const marker = { type, producerId: 9n, producerEpoch: 2, coordinatorEpoch: 5, timestampMs: 3, baseOffset: 40 }
    const batch = decodeBatches(encodeMarkerBatch(marker))[0]!
    expect(batch.header).toMatchObject({ isControl: true, isTransactional: true, producerId: 9n, baseSequence: -1 })
    expect(controlType(batch.keyAt(0))).toBe(type)
    expect(batch.valueAt(0)).toEqual(Uint8Array.of(0, 0, 0, 0, 0, 5))
  })

  test('of another kind is unknown', () => {
    expect(controlType(Uint8Array.of(0, 0, 0, 2))).toBe('unknown')
    expect(controlType(null)).toBe('unknown')
    expect(controlType(new Uint8Array(4).subarray(0, 3))).toBe('unknown')
  })
})
