/**
 * Writes the markers of a transaction that has been decided: into every partition it wrote to, and onto the pending
 * offsets of its groups.
 *
 * Never within the request that decides: on real brokers, too, the answer to EndTxn comes first. A simulation spreads the
 * markers over time (`delayMsMax`), so that partitions are decided one after the other, in any order.
 */
import type { OffsetStore } from '../group/offset-store.ts'
import type { Marker } from '../log/control-marker.ts'
import type { Cancellable, Surroundings } from '../surroundings.ts'
import type { TopicRegistry } from '../topic/topic-registry.ts'
import type { Transaction } from './transaction.ts'

const retryMs = 100

export class MarkerWriter {
  /** Longest time, ms, after which a marker is written; 0: all of them in the next step. */
  delayMsMax: number = 0
  readonly #surroundings: Surroundings
  readonly #topics: TopicRegistry
  readonly #offsets: OffsetStore
  readonly #timers: Set<Cancellable> = new Set()
  #closed: boolean = false

  constructor(surroundings: Surroundings, topics: TopicRegistry, offsets: OffsetStore) {
    this.#surroundings = surroundings
    this.#topics = topics
    this.#offsets = offsets
  }

  /** Writes all markers, soon; then calls `done`, once. Writing one again after a crash does no harm. */
  write(transaction: Transaction, done: () => void): void {
    const { producerId, producerEpoch } = transaction
    const commit = transaction.state === 'PrepareCommit'
    const marker = { producerId, producerEpoch, commit, coordinatorEpoch: 0 }
    const steps = [
      ...[...transaction.partitions.values()].map(
        ([topic, index]) =>
          () =>
            this.#mark(topic, index, marker),
      ),
      ...[...transaction.groups].map((group) => () => this.#offsets.decide(group, producerId, commit)),
    ]
    if (this.delayMsMax === 0) {
      this.#surroundings.defer(() => this.#run(steps, done))
      return
    }
    let left = steps.length + 1
    const one = (): void => {
      if (--left === 0) done()
    }
    for (const step of [...steps, () => undefined]) {
      const delayMs = this.#surroundings.random.next() * this.delayMsMax
      this.#after(delayMs, () => this.#run([step], one))
    }
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
  }

  #run(steps: readonly (() => void)[], done: () => void): void {
    if (this.#closed) return
    try {
      for (const step of steps) step()
      done()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#surroundings.logger.error('a transaction marker could not be written; it is tried again', { reason })
      this.#after(retryMs, () => this.#run(steps, done))
    }
  }

  #after(delayMs: number, run: () => void): void {
    const timer = this.#surroundings.timers.after(delayMs, () => {
      this.#timers.delete(timer)
      run()
    })
    this.#timers.add(timer)
  }

  #mark(topic: string, index: number, marker: Marker): void {
    const partition = this.#topics.partition(topic, index)
    if (partition === undefined) return
    const nowMs = this.#surroundings.clock.nowMs()
    const { leaderEpoch } = partition
    const stableBefore = partition.log.lastStableOffset
    const { settings } = partition.topic.config
    partition.log.appendMarker(marker, { nowMs, leaderEpoch, settings, strictStart: false })
    // What was held back behind the transaction can be read now.
    if (partition.log.lastStableOffset > stableBefore) partition.notify(Infinity)
  }
}
