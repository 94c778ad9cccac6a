/**
 * Goal: no record of an aborted transaction is visible and no other is lost, wherever a fetch begins.
 * Method: random logs of interleaved producers; the answer of a broker for each start; a brute-force reader to compare.
 */
import { describe, expect, it } from 'vitest'
import { BatchHeader } from '../record-batch/batch-header.ts'
import { encodeMarkerBatch } from '../record-batch/control-record.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { AbortedFilter } from './aborted-filter.ts'

interface LogEntry {
  readonly header: BatchHeader
  /** Name of the transaction, null outside of one and for markers. */
  readonly transaction: number | null
}
interface Transaction {
  readonly producerId: bigint
  readonly firstOffset: number
  markerOffset: number
  aborted: boolean
}

/** Small generator (mulberry32) so that a seed names a run. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A log of batches by five producers, each in at most one transaction at a time; every transaction is ended. */
function randomLog(next: () => number): { log: LogEntry[]; transactions: Transaction[] } {
  const log: LogEntry[] = []
  const transactions: Transaction[] = []
  const open = new Map<bigint, number>()
  let offset = 0
  const end = (producerId: bigint, type: 'abort' | 'commit'): void => {
    const bytes = encodeMarkerBatch({
      type,
      producerId,
      producerEpoch: 0,
      coordinatorEpoch: 0,
      timestampMs: 0,
      baseOffset: offset,
    })
    const transaction = transactions[open.get(producerId)!]!
    transaction.markerOffset = offset
    transaction.aborted = type === 'abort'
    open.delete(producerId)
    log.push({ header: new BatchHeader(bytes, 0), transaction: null })
    offset++
  }
  for (let step = 0; step < 60; step++) {
    const producerId = BigInt(Math.floor(next() * 5))
    const choice = next()
    if (choice < 0.25 && open.has(producerId)) {
      end(producerId, next() < 0.5 ? 'abort' : 'commit')
      continue
    }
    const isTransactional = choice < 0.9
    const builder = new RecordBatchBuilder(64)
    const count = 1 + Math.floor(next() * 3)
    // A key that looks like an abort marker's.
    for (let i = 0; i < count; i++) builder.append(new Uint8Array(4), null, 0)
    const bytes = builder.build({ baseOffset: offset, isTransactional, producerId, producerEpoch: 0, baseSequence: 0 })
    if (isTransactional && !open.has(producerId)) {
      open.set(producerId, transactions.length)
      transactions.push({ producerId, firstOffset: offset, markerOffset: -1, aborted: false })
    }
    log.push({ header: new BatchHeader(bytes, 0), transaction: isTransactional ? open.get(producerId)! : null })
    offset += count
  }
  for (const producerId of open.keys()) end(producerId, next() < 0.5 ? 'abort' : 'commit')
  return { log, transactions }
}

/** The list a broker sends for a fetch of [from, end): overlapping aborted transactions in the order of their markers. */
function abortedList(
  transactions: readonly Transaction[],
  from: number,
  end: number,
): { producerId: bigint; firstOffset: bigint }[] {
  return transactions
    .filter((one) => one.aborted && one.markerOffset >= from && one.firstOffset < end)
    .toSorted((a, b) => a.markerOffset - b.markerOffset)
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
}

function visible(log: readonly LogEntry[], list: { producerId: bigint; firstOffset: bigint }[]): number[] {
  const filter = new AbortedFilter(list)
  return log.filter(({ header }) => filter.isVisible(header)).map(({ header }) => header.baseOffset)
}

describe('the read-committed filter', () => {
  it('equals a brute-force reader on 300 random logs, from every batch on and cut anywhere', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = random(seed)
      const { log, transactions } = randomLog(next)
      for (let start = 0; start < log.length; start += 1 + Math.floor(next() * 3)) {
        const part = log.slice(start, start + 1 + Math.floor(next() * log.length))
        const from = part[0]!.header.baseOffset
        const end = part.at(-1)!.header.lastOffset + 1
        const expected = part
          .filter(({ header, transaction }) => {
            return !header.isControl && (transaction === null || !transactions[transaction]!.aborted)
          })
          .map(({ header }) => header.baseOffset)
        expect(visible(part, abortedList(transactions, from, end)), `seed ${seed}, batch ${start}`).toEqual(expected)
      }
    }
  })

  it('hides only markers without a list', () => {
    const { log } = randomLog(random(7))
    const filter = new AbortedFilter(null)
    for (const { header } of log) expect(filter.isVisible(header)).toBe(!header.isControl)
  })
})
