/**
 * Which batches of a read_committed fetch are visible: the client's half of transactional isolation (KIP-98).
 *
 * The broker sends everything up to the last stable offset and a list of the aborted transactions that overlap it. A
 * transaction's records are those of its producer from the listed first offset to its abort marker. Three mistakes of
 * other clients are avoided here: the list is in the order of the markers, not of first offsets, so it is sorted;
 * several transactions may be open where the fetch begins, so every entry up to a batch's end is activated; and a
 * marker is known by the batch's control bit, never by the record's key.
 */
import type { FetchResponseAbortedTransaction } from '../codec/apis.ts'
import type { BatchHeader } from '../record-batch/batch-header.ts'
import { controlType } from '../record-batch/control-record.ts'
import { isPlanted } from '../fault-switch.ts'
import { decodeBatch } from '../record-batch/record-batch.ts'

/** State of the walk over the batches of one fetch response of one partition, in log order. */
export class AbortedFilter {
  readonly #list: readonly FetchResponseAbortedTransaction[]
  readonly #open = new Set<bigint>()
  #next = 0

  /** @param aborted as in the response; null in read_uncommitted, then only control batches are hidden */
  constructor(aborted: readonly FetchResponseAbortedTransaction[] | null) {
    const sorted = (aborted ?? []).toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
    this.#list = isPlanted('aborted-unsorted') ? (aborted ?? []) : sorted
  }

  /**
   * True when the batch's records are for the reader. Call it once for every batch, in order.
   *
   * @throws {MR_PROTOCOL_BATCH} {MR_PROTOCOL_CRC} (RetriableError) a marker cannot be read
   */
  isVisible(header: BatchHeader): boolean {
    while (this.#next < this.#list.length && this.#list[this.#next]!.firstOffset <= header.lastOffset) {
      this.#open.add(this.#list[this.#next]!.producerId)
      this.#next++
      if (isPlanted('aborted-one-by-one')) break
    }
    if (header.isControl) {
      if (this.#open.has(header.producerId) && isAbort(header)) this.#open.delete(header.producerId)
      return false
    }
    if (isPlanted('aborted-by-key') && isAbort(header)) this.#open.delete(header.producerId)
    return !(header.isTransactional && this.#open.has(header.producerId))
  }
}

/** A control batch may have lost its record to compaction; then it decides nothing. */
function isAbort(header: BatchHeader): boolean {
  return header.recordCount > 0 && controlType(decodeBatch(header).keyAt(0)) === 'abort'
}
