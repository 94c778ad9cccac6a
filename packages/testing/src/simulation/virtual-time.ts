/**
 * Time that passes only when nothing else can happen: a heap of events, each run after all promises of the one before have
 * settled. Equal due times run in the order in which they were scheduled, so a run is a function of its seed.
 *
 * Everything in a simulation that waits, waits here. Promises themselves are not intercepted: between two events Node's
 * microtask queue is emptied, whose order depends on nothing but the program.
 */
import type { Cancellable } from '@millrace/core/port'

interface Event {
  readonly dueMs: number
  readonly order: number
  run: (() => void) | null
}

export class VirtualTime {
  /** Ms since the start of the simulation. */
  nowMs = 0
  /** Events run so far; part of the trace. */
  eventsRun = 0
  private readonly heap: Event[] = []
  private scheduled = 0

  /** Calls `run` when `delayMs` have passed. */
  after(delayMs: number, run: () => void): Cancellable {
    const event: Event = { dueMs: this.nowMs + Math.max(0, delayMs), order: this.scheduled++, run }
    this.push(event)
    return {
      cancel: () => {
        event.run = null
      },
    }
  }

  /**
   * Runs events until `done` answers true, time passes `untilMs`, or nothing is left to happen.
   *
   * @returns whether `done` was reached
   */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    await settled()
    while (!done()) {
      const event = this.pop()
      if (event === undefined || event.dueMs > untilMs) {
        if (event !== undefined) this.push(event)
        this.nowMs = Math.max(this.nowMs, untilMs)
        return done()
      }
      this.nowMs = Math.max(this.nowMs, event.dueMs)
      if (event.run === null) continue
      this.eventsRun++
      event.run()
      await settled()
    }
    return true
  }

  private push(event: Event): void {
    const { heap } = this
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  private pop(): Event | undefined {
    const { heap } = this
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const left = heap[child]
      if (left === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, left)) child++
      const below = heap[child]
      if (below === undefined || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)

/** Resolves when every promise that could settle without outside help has settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
