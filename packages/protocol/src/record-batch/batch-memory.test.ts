import { describe, expect, it } from 'vitest'
import { noHeaders } from '@millrace/core'
import { BatchMemory } from './batch-memory.ts'
import { readBatchHeaders } from './batch-header.ts'
import { decodeBatch } from './record-batch.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'

const record = (fill: number): Uint8Array => new Uint8Array(1_000).fill(fill)

function batchOf(builder: RecordBatchBuilder, memory: BatchMemory, fill: number, count: number): Uint8Array {
  for (let i = 0; i < count; i++) builder.append(null, record(fill), i, noHeaders)
  return builder.build({}, memory)
}

const valuesOf = (bytes: Uint8Array): number[] => {
  const batch = decodeBatch(readBatchHeaders(bytes)[0]!)
  return Array.from({ length: batch.count }, (_, i) => batch.valueAt(i)?.[0] ?? -1)
}

describe('memory of batches', () => {
  it('of a full batch is written again only once it was given back', () => {
    const memory = new BatchMemory()
    const builder = new RecordBatchBuilder(16 * 1024)
    const first = batchOf(builder, memory, 1, 12)
    const second = batchOf(builder, memory, 2, 12)
    expect([valuesOf(first), valuesOf(second)]).toEqual([Array(12).fill(1), Array(12).fill(2)])
    const { buffer } = first
    memory.give(first)
    batchOf(builder, memory, 3, 12)
    expect(batchOf(builder, memory, 4, 12).buffer).toBe(buffer)
    expect(valuesOf(second)).toEqual(Array(12).fill(2))
  })

  it('is not tied up by a small batch', () => {
    const memory = new BatchMemory()
    const builder = new RecordBatchBuilder(16 * 1024)
    expect(batchOf(builder, memory, 1, 1).buffer.byteLength).toBeLessThan(2_000)
  })

  it('is given only when it is large enough', () => {
    const memory = new BatchMemory()
    memory.give(new Uint8Array(10_000))
    expect(memory.take(20_000).length).toBe(20_000)
    memory.give(new Uint8Array(30_000))
    expect(memory.take(20_000).length).toBe(30_000)
  })

  it('keeps none that is too small for what is asked, in the place of one that is not', () => {
    const memory = new BatchMemory()
    const small = new Uint8Array(10_000)
    memory.give(small)
    expect(memory.take(10_000).buffer).not.toBe(small.buffer)
    memory.take(20_000)
    const large = new Uint8Array(20_000)
    memory.give(large)
    memory.give(small)
    expect(memory.take(20_000).buffer).toBe(large.buffer)
  })
})
