/**
 * Exactly-once: flush caches → every produce acknowledged → offsets and records committed as one transaction → one engine
 * batch per task. Nothing of a transaction is on disk before it is decided.
 *
 * Whatever fails leaves the producer failed, and its error says so (TransactionAbortedError): the worker then drops the
 * tasks and opens them again from what is committed. There is no other way out (exactly-once, decision 3).
 */
import { formatTopicPartition } from '@millrace/core'
import type { CommitOptions, CommitPosition, Committer, CommitUnit } from './committer.ts'
import { writeEngineBatch } from './engine-batch.ts'

/** What a commit needs of the transactional producer. */
export interface CommitTransaction {
  /** True when there is something to commit, be it only buffered records. */
  readonly isOpen: boolean
  /** Flushes, and makes offsets part of the transaction under the lease of the present generation. */
  sendOffsets(positions: readonly CommitPosition[]): Promise<void>
  /** When it resolves, the transaction is committed. */
  commit(): Promise<void>
}

export class ExactlyOnceCommitter implements Committer {
  readonly #transaction: CommitTransaction
  /** The last position of some input of each task: a transaction without new input is fenced by it. */
  readonly #last = new Map<string, CommitPosition>()

  constructor(transaction: CommitTransaction) {
    this.#transaction = transaction
  }

  /** Offsets are part of the transaction: they are committed with it or not at all. */
  get owes(): boolean {
    return false
  }

  forget(isLost: (topic: string, partition: number) => boolean): void {
    for (const [name, { topic, partition }] of this.#last) if (isLost(topic, partition)) this.#last.delete(name)
  }

  async commit(units: readonly CommitUnit[], options?: CommitOptions): Promise<void> {
    for (const { task } of units) task.flushStores()
    const byUnit = units.map((unit) => ({ unit, positions: unit.task.committableOffsets() }))
    const moved = byUnit.flatMap(({ positions }) => positions)
    for (const position of moved) this.#last.set(formatTopicPartition(position.topic, position.partition), position)
    if (moved.length > 0 || this.#transaction.isOpen) {
      await this.#transaction.sendOffsets(moved.length > 0 ? moved : [...this.#last.values()].slice(0, 1))
      await this.#transaction.commit()
    }
    for (const { unit, positions } of byUnit) {
      await writeEngineBatch(unit, positions, options)
      unit.task.committed(positions)
    }
  }
}
