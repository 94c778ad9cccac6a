/** Input of the micro benchmarks: batches of 1 000 records of the `kv` set, 100-byte values, as a broker would deliver them. */
import { decodeBatches, RecordBatchBuilder } from '@millrace/protocol/internal'
import { type DataRecord, dataSets } from './data.ts'

export const recordsPerBatch = 1_000

/** Encoded batches of the first `count` records. */
export function encodedBatches(count: number): Uint8Array[] {
  const kv = dataSets['kv']
  if (kv === undefined) throw new Error('no data set kv')
  return batchesOf(count, (i) => kv.record(i, count))
}

/** Encoded batches of `count` records by formula. */
export function batchesOf(count: number, recordAt: (i: number) => DataRecord): Uint8Array[] {
  const batches: Uint8Array[] = []
  const builder = new RecordBatchBuilder(256 * 1024)
  for (let i = 0; i < count; i++) {
    const { key, value, timestampMs } = recordAt(i)
    builder.append(Buffer.from(key), Buffer.from(value), timestampMs)
    if (i % recordsPerBatch === recordsPerBatch - 1 || i === count - 1) batches.push(builder.build())
  }
  return batches
}

/** Sum over everything that was decoded, so that no engine can leave the work out. */
export function decodeAll(batches: readonly Uint8Array[]): number {
  let sum = 0
  for (const bytes of batches) {
    for (const batch of decodeBatches(bytes, { checkCrc: true })) {
      for (let i = 0; i < batch.count; i++) sum += (batch.valueAt(i)?.length ?? 0) + (batch.keyAt(i)?.length ?? 0)
    }
  }
  return sum
}
