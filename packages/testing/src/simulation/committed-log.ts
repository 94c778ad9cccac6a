/**
 * What a partition says once every transaction is decided, found without the broker's index of aborted transactions, its
 * last stable offset or the client's filter: all batches are read, and each is judged by the next marker of its producer.
 */
import type { BrokerState, PartitionLog } from '@millrace/broker/internal'
import type { Headers } from '@millrace/core'
import { controlType, decodeBatch, readBatchHeaders, type RecordBatch } from '@millrace/protocol/internal'

/** A record as it stands in a log; bytes are copies. */
export interface LoggedRecord {
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number
  readonly headers: Headers
  readonly producerId: number
  readonly producerEpoch: number
}

/** One partition read to its end. */
export interface CommittedLog {
  /** Records of committed transactions, and plain ones. */
  readonly records: readonly LoggedRecord[]
  /** Producers with a transaction that nobody has decided, and where it begins. */
  readonly open: readonly { readonly producerId: number; readonly offset: number }[]
  readonly startOffset: number
  readonly endOffset: number
  readonly lastStableOffset: number
  /** Below it only the last record of each key is sure to be there; 0 = the log was not compacted. */
  readonly compactedTo: number
  /** Records of aborted transactions. */
  readonly aborted: number
}

/** Reads a partition; undefined when it does not exist. */
export function committedLog(state: BrokerState, topic: string, index: number): CommittedLog | undefined {
  const partition = state.topics.partition(topic, index)
  if (partition === undefined) return undefined
  const { log } = partition
  const known = read.get(log)
  const isSame = known?.endOffset === log.endOffset && known.startOffset === log.startOffset
  const isAsClean = known?.compactedTo === log.compactedTo
  if (isSame && isAsClean && known.lastStableOffset === log.lastStableOffset) return known
  const result = readLog(log)
  read.set(log, result)
  return result
}

/** What was read of a log, for as long as it does not change. */
const read = new WeakMap<PartitionLog, CommittedLog>()

function readLog(log: PartitionLog): CommittedLog {
  const batches: RecordBatch[] = []
  for (const segment of log.segments) {
    for (const place of segment.batches()) {
      for (const header of readBatchHeaders(segment.read(place))) batches.push(decodeBatch(header))
    }
  }
  const markers = new Map<bigint, { offset: number; committed: boolean }[]>()
  for (const batch of batches) {
    if (!batch.header.isControl) continue
    const list = markers.get(batch.header.producerId) ?? []
    markers.set(batch.header.producerId, list)
    list.push({ offset: batch.header.baseOffset, committed: controlType(batch.keyAt(0)) === 'commit' })
  }
  const records: LoggedRecord[] = []
  const open = new Map<number, number>()
  let aborted = 0
  for (const batch of batches) {
    const { header } = batch
    if (header.isControl || batch.count === 0) continue
    if (header.isTransactional) {
      const marker = markers.get(header.producerId)?.find(({ offset }) => offset > header.baseOffset)
      if (marker === undefined) {
        const producerId = Number(header.producerId)
        if (!open.has(producerId)) open.set(producerId, header.baseOffset)
        continue
      }
      if (!marker.committed) {
        aborted += batch.count
        continue
      }
    }
    for (let i = 0; i < batch.count; i++) {
      const offset = batch.offsetAt(i)
      if (offset < log.startOffset) continue
      records.push({
        offset,
        key: batch.keyAt(i)?.slice() ?? null,
        value: batch.valueAt(i)?.slice() ?? null,
        timestampMs: batch.timestampAt(i),
        headers: batch.headersAt(i).map(({ key, value }) => ({ key, value: value?.slice() ?? null })),
        producerId: Number(header.producerId),
        producerEpoch: header.producerEpoch,
      })
    }
  }
  return {
    records,
    open: [...open].map(([producerId, offset]) => ({ producerId, offset })),
    startOffset: log.startOffset,
    endOffset: log.endOffset,
    lastStableOffset: log.lastStableOffset,
    compactedTo: log.compactedTo,
    aborted,
  }
}
