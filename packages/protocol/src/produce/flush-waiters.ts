/** Who waits for which batches: the bookkeeping behind `flush`. */
import type { ProducerBatch } from './producer-batch.ts'

interface Waiter {
  readonly left: Set<ProducerBatch>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class FlushWaiters {
  readonly #open = new Set<ProducerBatch>()
  #waiters: Waiter[] = []

  /** A batch was closed. */
  opened(batch: ProducerBatch): void {
    this.#open.add(batch)
  }

  /** A batch was acknowledged or dropped. */
  done(batch: ProducerBatch): void {
    this.#open.delete(batch)
    if (this.#waiters.length === 0) return
    for (const { left } of this.#waiters) left.delete(batch)
    this.#settle()
  }

  /** A batch was split. */
  replaced(batch: ProducerBatch, halves: readonly ProducerBatch[]): void {
    this.#open.delete(batch)
    for (const half of halves) this.#open.add(half)
    for (const { left } of this.#waiters) if (left.delete(batch)) for (const half of halves) left.add(half)
  }

  /** Resolves when every batch that is open now is done. */
  async all(): Promise<void> {
    if (this.#open.size === 0) return
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ left: new Set(this.#open), resolve, reject })
    })
  }

  /** Rejects all who wait. */
  fail(error: Error): void {
    const waiters = this.#waiters
    this.#waiters = []
    this.#open.clear()
    for (const waiter of waiters) waiter.reject(error)
  }

  #settle(): void {
    const done = this.#waiters.filter(({ left }) => left.size === 0)
    if (done.length === 0) return
    this.#waiters = this.#waiters.filter(({ left }) => left.size > 0)
    for (const { resolve } of done) resolve()
  }
}
