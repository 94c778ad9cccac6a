/**
 * At-least-once: flush caches → every produce acknowledged → one engine batch per task → offsets to the group.
 *
 * A crash between the last two reprocesses input over state that already has it: duplicates, never a loss. The group may
 * refuse offsets while it rebalances; the state is written by then, so the offsets are owed and go with the next commit.
 */
import { formatTopicPartition, RetriableError } from '@millrace/core'
import { isPlanted } from '@millrace/protocol/internal'
import type { CommitOptions, CommitPosition, CommitProducer, Committer, CommitUnit } from './committer.ts'
import { flushUnit, writeEngineBatch } from './engine-batch.ts'

/** Commits to the group with the identity of the present generation. */
export type OffsetCommit = (positions: readonly CommitPosition[]) => Promise<void>

/** What a commit needs of the producer, and of the lease under which it writes. */
export interface AtLeastOnceProducer extends CommitProducer {
  /**
   * Why the state may not be written: the tasks may be another worker's by now. Its records may stand in the changelog
   * before ours, and a position behind ours would pass them over.
   */
  fence(): Error | null
}

export class AtLeastOnceCommitter implements Committer {
  readonly #producer: AtLeastOnceProducer
  readonly #commitOffsets: OffsetCommit
  readonly #owed = new Map<string, CommitPosition>()

  constructor(producer: AtLeastOnceProducer, commitOffsets: OffsetCommit) {
    this.#producer = producer
    this.#commitOffsets = commitOffsets
  }

  get owes(): boolean {
    return this.#owed.size > 0
  }

  forget(isLost: (topic: string, partition: number) => boolean): void {
    for (const [name, { topic, partition }] of this.#owed) if (isLost(topic, partition)) this.#owed.delete(name)
  }

  // RECORD PATH 8/8: what the records have changed becomes durable, state first, then the offsets; only now is it done.
  async commit(units: readonly CommitUnit[], options?: CommitOptions): Promise<void> {
    for (const unit of units) flushUnit(unit)
    if (isPlanted('offsets-first')) await this.#commitOffsets(units.flatMap(({ task }) => task.committableOffsets()))
    await this.#producer.flush()
    const fenced = this.#producer.fence()
    if (fenced !== null) throw fenced
    for (const unit of units) {
      const positions = unit.task.committableOffsets()
      await writeEngineBatch(unit, positions, options)
      unit.task.committed(positions)
      for (const position of positions) {
        this.#owed.set(formatTopicPartition(position.topic, position.partition), position)
      }
    }
    await this.#payOffsets()
  }

  async #payOffsets(): Promise<void> {
    if (this.#owed.size === 0) return
    try {
      await this.#commitOffsets([...this.#owed.values()])
    } catch (error) {
      if (error instanceof RetriableError && error.code === 'MR_PROTOCOL_REBALANCE') return
      throw error
    }
    this.#owed.clear()
  }
}
