/**
 * Exactly-once: flush caches → every produce acknowledged → offsets and records committed as one transaction → one engine
 * batch per task. Nothing of a transaction is on disk before it is decided.
 *
 * Whatever fails leaves the producer failed, and its error says so (TransactionAbortedError): the worker then drops the
 * tasks and opens them again from what is committed. There is no other way out (exactly-once, decision 3).
 */
import { isPlanted } from '@millrace/protocol/internal'
import type { CommitOptions, CommitPosition, Committer, CommitUnit } from './committer.ts'
import { flushUnit, writeEngineBatch } from './engine-batch.ts'

/** What a commit needs of the transactional producer. */
export interface CommitTransaction {
  /**
   * True when there is something to commit, be it only buffered records.
   *
   * @throws the failure of the producer: its transaction is lost, and no state may be written
   */
  readonly isOpen: boolean
  /** Flushes, and makes offsets part of the transaction under the lease of the present generation. */
  sendOffsets(positions: readonly CommitPosition[]): Promise<void>
  /** When it resolves, the transaction is committed. */
  commit(): Promise<void>
}

export class ExactlyOnceCommitter implements Committer {
  readonly #transaction: CommitTransaction

  constructor(transaction: CommitTransaction) {
    this.#transaction = transaction
  }

  /** Offsets are part of the transaction: they are committed with it or not at all. */
  get owes(): boolean {
    return false
  }

  forget(): void {
    // Nothing is kept from one commit to the next.
  }

  async commit(units: readonly CommitUnit[], options?: CommitOptions): Promise<void> {
    for (const unit of units) flushUnit(unit)
    const byUnit = units.map((unit) => ({ unit, positions: unit.task.committableOffsets() }))
    const moved = byUnit.flatMap(({ positions }) => positions)
    if (isPlanted('state-before-end')) {
      for (const { unit, positions } of byUnit) await writeEngineBatch(unit, positions, options)
    }
    // Asked first: without new input, too, a failed producer must keep the state from being written.
    const { isOpen } = this.#transaction
    if (isOpen || moved.length > 0) {
      const offsets = moved.length > 0 ? moved : anchorOf(units)
      // Offsets are what the group fences by: without any there is no commit. A position is known soon.
      if (offsets.length === 0) return
      const isUnfenced = moved.length === 0 && isPlanted('punctuation-unfenced')
      if (!isUnfenced) await this.#transaction.sendOffsets(offsets)
      await this.#transaction.commit()
    }
    for (const { unit, positions } of byUnit) {
      await writeEngineBatch(unit, positions, options)
      unit.task.committed(positions)
    }
  }
}

/** One position of a task that is part of the commit, to be committed once more. */
function anchorOf(units: readonly CommitUnit[]): CommitPosition[] {
  for (const { task } of units) {
    const anchor = task.anchor()
    if (anchor !== null) return [anchor]
  }
  return []
}
