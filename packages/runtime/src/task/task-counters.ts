/** Counters of a task, summed over its nodes; the names are Kafka's. */
import type { TaskMetrics } from './ports.ts'

export class TaskCounters implements TaskMetrics {
  private readonly counts = new Map<string, number>()

  count(name: string, delta: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + delta)
  }

  get(name: string): number {
    return this.counts.get(name) ?? 0
  }

  /** Names and values of everything counted so far. */
  entries(): Iterable<readonly [name: string, value: number]> {
    return this.counts.entries()
  }
}
