/** Batches for tests of the log, and what a log says when read. */
import { decodeBatches, RecordBatchBuilder, type CompressionName } from '@millrace/protocol/internal'
import { checkClientBatch, isRefusal, type BatchLimits } from '../src/log/batch-check.ts'
import type { Appended, AppendContext, LogSettings, PartitionLog } from '../src/log/partition-log.ts'
import type { Refusal } from '../src/log/batch-check.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)

export interface Entry {
  readonly key: string | null
  readonly value: string | null
  readonly timestampMs?: number
}

export interface ProducerOf {
  readonly producerId?: number
  readonly epoch?: number
  readonly sequence?: number
  readonly transactional?: boolean
  readonly compression?: CompressionName
}

export function batch(entries: readonly Entry[], from: ProducerOf = {}): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const { key, value, timestampMs = 1000 } of entries) {
    builder.append(key === null ? null : bytes(key), value === null ? null : bytes(value), timestampMs)
  }
  return builder.build({
    producerId: BigInt(from.producerId ?? -1),
    producerEpoch: from.epoch ?? (from.producerId === undefined ? -1 : 0),
    baseSequence: from.sequence ?? -1,
    isTransactional: from.transactional ?? false,
    compression: from.compression ?? 'none',
  })
}

export const limits: BatchLimits = {
  messageBytesMax: 1 << 20,
  segmentBytes: 1 << 20,
  timestampBeforeMsMax: Infinity,
  timestampAfterMsMax: Infinity,
  compact: false,
  appendTime: false,
}

export const settings: LogSettings = { segmentBytes: 1 << 20, segmentMs: Infinity, appendTime: false }

export function append(log: PartitionLog, records: Uint8Array, from: Partial<AppendContext> = {}): Appended | Refusal {
  const checked = checkClientBatch(records, limits, 0)
  if (isRefusal(checked)) return checked
  return log.append(records, checked, { nowMs: 5000, leaderEpoch: 0, settings, strictStart: false, ...from })
}

export function mark(
  log: PartitionLog,
  of: { producerId: number; epoch?: number; commit: boolean; nowMs?: number },
): void {
  const { producerId, commit } = of
  const marker = { producerId, producerEpoch: of.epoch ?? 0, commit, coordinatorEpoch: 0 }
  log.appendMarker(marker, { nowMs: of.nowMs ?? 5000, leaderEpoch: 0, settings, strictStart: false })
}

/** `offset:key=value` of all records from the start of the log on; markers as `offset:<commit>`. */
export function contents(log: PartitionLog): string[] {
  const lines: string[] = []
  let offset = log.startOffset
  while (offset < log.endOffset) {
    const read = log.read({ offset, upTo: log.endOffset, bytesMax: 1 << 20, wholeFirstBatch: true })
    if (read.bytes.length === 0) break
    for (const found of decodeBatches(read.bytes)) {
      for (let i = 0; i < found.count; i++) {
        const at = found.offsetAt(i)
        if (at < log.startOffset) continue
        const key = found.keyAt(i)
        const value = found.valueAt(i)
        const text = found.header.isControl
          ? key?.[3] === 1
            ? '<commit>'
            : '<abort>'
          : `${textOf(key)}=${textOf(value)}`
        lines.push(`${at}:${text}`)
      }
      offset = found.header.lastOffset + 1
    }
  }
  return lines
}

function textOf(value: Uint8Array | null): string {
  return value === null ? 'null' : decoder.decode(value)
}
