/**
 * Repartition topics keep nothing by time; what their reader has committed is deleted here, now and then, in the
 * background. A deletion that fails is made up for by the next one.
 */
import { formatTopicPartition } from '@millrace/core'
import { deleteRecords, monotonicMs, type RecordsToDelete } from '@millrace/protocol'
import type { AppContext } from './app-context.ts'

export class RepartitionPurge {
  readonly #app: AppContext
  readonly #topics: ReadonlySet<string>
  readonly #committed = new Map<string, RecordsToDelete>()
  #lastMs: number
  #running = false

  constructor(app: AppContext) {
    this.#app = app
    const { topology, options } = app
    this.#topics = new Set(
      topology.internalTopics
        .filter(({ kind }) => kind === 'repartition')
        .map(({ name }) => topology.topicName(name, options.applicationId)),
    )
    this.#lastMs = monotonicMs(app.around.clock)
  }

  /** These positions are committed. */
  note(positions: readonly RecordsToDelete[]): void {
    if (this.#topics.size === 0) return
    for (const { topic, partition, offset } of positions) {
      if (this.#topics.has(topic))
        this.#committed.set(formatTopicPartition(topic, partition), { topic, partition, offset })
    }
  }

  /** Deletes what was committed, if it is time. */
  maybeRun(): void {
    const nowMs = monotonicMs(this.#app.around.clock)
    if (this.#running || nowMs - this.#lastMs < this.#app.options.repartitionPurgeIntervalMs) return
    this.#lastMs = nowMs
    const records = [...this.#committed.values()].filter(({ offset }) => offset > 0)
    this.#committed.clear()
    if (records.length === 0) return
    this.#running = true
    deleteRecords(this.#app.adminCluster, records)
      .catch((error: unknown) => {
        this.#app.around.logger.debug('processed records of repartition topics could not be deleted', {
          reason: error instanceof Error ? error.message : String(error),
        })
      })
      .finally(() => {
        this.#running = false
      })
  }
}
