/**
 * The aborted transactions of one partition, in the order in which their markers were written.
 *
 * A read_committed fetch gets those that overlap its range, in this order: completion order, not order of first offset.
 * Clients have to sort them; Kafka does not either (TransactionIndex.collectAbortedTxns).
 */
import type { EndedTransaction } from './producer-states.ts'

/** One entry of the list a fetch carries. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
}

/** In completion order, hence with ascending last offsets. */
export class AbortedTransactions {
  #entries: AbortedTransaction[] = []

  add(ended: EndedTransaction): void {
    this.#entries.push({
      producerId: ended.producerId,
      firstOffset: ended.firstOffset,
      lastOffset: ended.lastOffset,
    })
  }

  /** Those with a record in `[from, to)` or with their marker at or behind `from`. */
  overlapping(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.#firstEndingAt(from); i < this.#entries.length; i++) {
      const entry = this.#entries[i] as AbortedTransaction
      if (entry.firstOffset < to) found.push(entry)
    }
    return found
  }

  /** Forgets what lies wholly before the start of the log. */
  dropBefore(logStartOffset: number): void {
    const keepFrom = this.#firstEndingAt(logStartOffset)
    if (keepFrom > 0) this.#entries = this.#entries.slice(keepFrom)
  }

  /** Forgets those whose marker, at one of these offsets, compaction has removed. */
  forget(lastOffsets: ReadonlySet<number>): void {
    if (lastOffsets.size > 0) this.#entries = this.#entries.filter((entry) => !lastOffsets.has(entry.lastOffset))
  }

  clear(): void {
    this.#entries = []
  }

  #firstEndingAt(offset: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#entries[middle] as AbortedTransaction).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
