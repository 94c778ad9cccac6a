/**
 * The loops a programmer would write by hand for one topology, without broker and framework: what the hardware and the
 * language allow. Framework figures are quoted as a share of these, measured in the same run.
 */
import { decodeUtf8 } from '@millrace/core/internal'
import { decodeBatches, RecordBatchBuilder } from '@millrace/protocol/internal'

const batchBytes = 128 * 1024

/** decode → filter(true) → encode. */
export function handWrittenPassThrough(batches: readonly Uint8Array[]): number {
  const out = new RecordBatchBuilder(256 * 1024)
  let bytes = 0
  for (const encoded of batches) {
    for (const batch of decodeBatches(encoded, { checkCrc: true })) {
      for (let i = 0; i < batch.count; i++) {
        const value = batch.valueAt(i)
        if (value === null) continue
        if (out.append(batch.keyAt(i), value, batch.timestampAt(i)) > batchBytes) bytes += out.build().length
      }
    }
  }
  return out.count > 0 ? bytes + out.build().length : bytes
}

/** decode → count by key in a Map → changelog record and output record per input. */
export function handWrittenCount(batches: readonly Uint8Array[]): number {
  const counts = new Map<string, { n: number; timestampMs: number }>()
  const changelog = new RecordBatchBuilder(256 * 1024)
  const output = new RecordBatchBuilder(256 * 1024)
  const value = new Uint8Array(8)
  let bytes = 0
  for (const encoded of batches) {
    for (const batch of decodeBatches(encoded, { checkCrc: true })) {
      for (let i = 0; i < batch.count; i++) {
        const key = batch.keyAt(i)
        if (key === null) continue
        const timestampMs = batch.timestampAt(i)
        const text = decodeUtf8(key)
        let entry = counts.get(text)
        if (entry === undefined) counts.set(text, (entry = { n: 0, timestampMs }))
        entry.n++
        if (timestampMs > entry.timestampMs) entry.timestampMs = timestampMs
        value[4] = entry.n >>> 24
        value[5] = entry.n >>> 16
        value[6] = entry.n >>> 8
        value[7] = entry.n
        if (changelog.append(key, value, entry.timestampMs) > batchBytes) bytes += changelog.build().length
        if (output.append(key, value, entry.timestampMs) > batchBytes) bytes += output.build().length
      }
    }
  }
  return bytes + changelog.build().length + output.build().length
}
