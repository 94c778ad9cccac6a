/**
 * Compaction: of each key the last record stays, offsets stay as they are, and the gaps become holes.
 *
 * Never touched: the active segment, what is not decided yet, and what is younger than `min.compaction.lag.ms`. Tombstones
 * stay for `delete.retention.ms` after compaction has first met them, so that a reader who began before sees them; so do
 * the markers of transactions of which nothing is left. Aborted records go at once. A producer's last batch stays, empty
 * if need be, because its sequence must survive.
 *
 * Source: Kafka's LogCleaner; KIP-534.
 */
import type { TopicSettings } from '../topic/topic-config.ts'
import type { AbortedTransaction } from './aborted-transactions.ts'
import { readBatchHeader, type BatchHeader } from './batch-header.ts'
import { deleteHorizonOf, rewriteBatch } from './batch-rewrite.ts'
import type { PartitionLog } from './partition-log.ts'
import { readRawRecords, recordBytesOf, type RawRecord } from './raw-records.ts'
import type { Segment } from './segment.ts'
import { replaceSegments } from './segment-swap.ts'

/** What one pass has to know. */
interface Pass {
  readonly log: PartitionLog
  readonly settings: TopicSettings
  readonly nowMs: number
  /** Last offset of each key in the dirty part. */
  readonly lastOffsets: ReadonlyMap<string, number>
  /** Aborted transactions of the range by producer. */
  readonly aborted: ReadonlyMap<number, readonly AbortedTransaction[]>
  /** Producers of whose running transaction something has been kept. */
  readonly keptData: Set<number>
  /** Last offsets of aborted transactions whose marker has gone. */
  readonly forgotten: Set<number>
}

/** What compaction could do in a log. */
export interface CompactionPlan {
  /** All segments up to the end of the dirty part. */
  readonly segments: readonly Segment[]
  readonly dirtyFrom: number
  readonly dirtyRatio: number
  /** Timestamp of the oldest record in the dirty part. */
  readonly oldestDirtyMs: number
}

/** What lies between the first dirty offset and what may not be touched; undefined when there is nothing. */
export function planCompaction(log: PartitionLog, settings: TopicSettings, nowMs: number): CompactionPlan | undefined {
  const bound = Math.min(log.active.baseOffset, log.lastStableOffset)
  const youngestMs = nowMs - settings.compactionLagMsMin
  const cleanable: Segment[] = []
  for (const segment of log.segments) {
    if (segment.nextOffset > bound || segment === log.active) break
    if (settings.compactionLagMsMin > 0 && segment.maxTimestampMs > youngestMs) break
    cleanable.push(segment)
  }
  const dirty = cleanable.filter((segment) => segment.nextOffset > log.compactedTo)
  const dirtyBytes = dirty.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  if (dirtyBytes === 0) return undefined
  const totalBytes = cleanable.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  return {
    segments: cleanable,
    dirtyFrom: log.compactedTo,
    dirtyRatio: dirtyBytes / totalBytes,
    oldestDirtyMs: dirty[0]?.firstTimestampMs ?? nowMs,
  }
}

/** True when the plan is worth its work: dirty enough, or dirty for too long. */
export function isDue(plan: CompactionPlan, settings: TopicSettings, nowMs: number): boolean {
  return plan.dirtyRatio >= settings.dirtyRatioMin || nowMs - plan.oldestDirtyMs > settings.compactionLagMsMax
}

/** Carries the plan out. */
export function compact(
  log: PartitionLog,
  plan: CompactionPlan,
  from: { settings: TopicSettings; nowMs: number },
): void {
  const end = plan.segments[plan.segments.length - 1]?.nextOffset ?? 0
  const aborted = byProducer(log.abortedWithin(log.startOffset, end))
  const dirty = plan.segments.filter((segment) => segment.nextOffset > plan.dirtyFrom)
  const pass: Pass = {
    log,
    ...from,
    lastOffsets: lastOffsetsOf(dirty, { from: plan.dirtyFrom, aborted }),
    aborted,
    keptData: new Set(),
    forgotten: new Set(),
  }
  for (const group of groupBySize(plan.segments, from.settings.segmentBytes)) {
    replaceSegments(log, group, (write) => {
      for (const segment of group) for (const place of segment.batches()) cleanBatch(segment.read(place), pass, write)
    })
  }
  log.compactedTo = end
  log.aborted.forget(pass.forgotten)
}

function lastOffsetsOf(
  segments: readonly Segment[],
  of: { from: number; aborted: Pass['aborted'] },
): Map<string, number> {
  const offsets = new Map<string, number>()
  for (const segment of segments) {
    for (const place of segment.batches()) {
      const batch = segment.read(place)
      const header = readBatchHeader(batch, 0) as BatchHeader
      if (header.control || header.lastOffset < of.from || isAborted(header, of.aborted)) continue
      for (const record of readRawRecords(recordBytesOf(batch, header), header)) {
        if (record.key !== null) offsets.set(keyText(record.key), record.offset)
      }
    }
  }
  return offsets
}

function cleanBatch(batch: Uint8Array, pass: Pass, write: (batch: Uint8Array) => void): void {
  const header = readBatchHeader(batch, 0) as BatchHeader
  if (header.lastOffset < pass.log.startOffset) return
  if (header.control) cleanMarker(batch, header, { pass, write })
  else cleanData(batch, header, { pass, write })
}

/** A marker goes when nothing of its transaction is left, and not before its horizon. */
function cleanMarker(
  batch: Uint8Array,
  header: BatchHeader,
  to: { pass: Pass; write: (batch: Uint8Array) => void },
): void {
  const { pass, write } = to
  const horizonMs = deleteHorizonOf(header)
  const needed = pass.keptData.delete(header.producerId) || isLastOfProducer(header, pass.log)
  if (needed) {
    write(batch)
  } else if (horizonMs < 0) {
    const bytes = recordBytesOf(batch, header)
    const kept = readRawRecords(bytes, header)
    write(rewriteBatch(batch, { header, bytes, kept, horizonMs: pass.nowMs + pass.settings.deleteRetentionMs }))
  } else if (pass.nowMs > horizonMs) {
    pass.forgotten.add(header.lastOffset)
  } else {
    write(batch)
  }
}

function cleanData(
  batch: Uint8Array,
  header: BatchHeader,
  to: { pass: Pass; write: (batch: Uint8Array) => void },
): void {
  const { pass, write } = to
  const bytes = recordBytesOf(batch, header)
  const records = isAborted(header, pass.aborted) ? [] : readRawRecords(bytes, header)
  const horizonMs = deleteHorizonOf(header)
  const kept = records.filter((record) => isNeeded(record, pass, horizonMs))
  if (kept.length > 0) {
    if (header.transactional) pass.keptData.add(header.producerId)
    const setsHorizon = horizonMs < 0 && kept.some((record) => !record.hasValue)
    if (kept.length === header.recordCount && !setsHorizon) write(batch)
    else {
      const newHorizonMs = setsHorizon ? pass.nowMs + pass.settings.deleteRetentionMs : -1
      write(rewriteBatch(batch, { header, bytes, kept, horizonMs: newHorizonMs }))
    }
  } else if (isLastOfProducer(header, pass.log)) {
    write(rewriteBatch(batch, { header, bytes: bytes.subarray(0, 0), kept, horizonMs: -1 }))
  }
}

function isNeeded(record: RawRecord, pass: Pass, horizonMs: number): boolean {
  if (record.key === null) return false
  if ((pass.lastOffsets.get(keyText(record.key)) ?? -1) > record.offset) return false
  return record.hasValue || horizonMs < 0 || pass.nowMs <= horizonMs
}

function isAborted(header: BatchHeader, aborted: Pass['aborted']): boolean {
  if (!header.transactional) return false
  const transactions = aborted.get(header.producerId) ?? []
  return transactions.some((entry) => entry.firstOffset <= header.baseOffset && header.lastOffset <= entry.lastOffset)
}

function isLastOfProducer(header: BatchHeader, log: PartitionLog): boolean {
  return header.producerId >= 0 && log.producers.get(header.producerId)?.lastOffset === header.lastOffset
}

function byProducer(transactions: readonly AbortedTransaction[]): Map<number, AbortedTransaction[]> {
  const map = new Map<number, AbortedTransaction[]>()
  for (const entry of transactions) {
    const list = map.get(entry.producerId)
    if (list) list.push(entry)
    else map.set(entry.producerId, [entry])
  }
  return map
}

/** Neighbouring segments that fit into one. */
function groupBySize(segments: readonly Segment[], bytesMax: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const last = groups[groups.length - 1]
    if (last !== undefined && bytes + segment.sizeBytes <= bytesMax) {
      last.push(segment)
      bytes += segment.sizeBytes
    } else {
      groups.push([segment])
      bytes = segment.sizeBytes
    }
  }
  return groups
}

/** A key as a text with one character per byte, so that it can be looked up. */
function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
}
