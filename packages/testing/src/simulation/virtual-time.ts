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

/** Taken before `trapGlobals` replaces it. */
const { setImmediate } = globalThis
/** Events per turn of Node's event loop; between two of them the microtask queue is emptied all the same. */
const eventsPerTurn = 64

export class VirtualTime {
  /** Ms since the start of the simulation. */
  nowMs = 0
  /** Events run so far; part of the trace. */
  eventsRun = 0
  private heap: Event[] = []
  private scheduled = 0
  private cancelled = 0

  /** Calls `run` when `delayMs` have passed; in the order of the calls where that is the same moment. */
  after(delayMs: number, run: () => void): Cancellable {
    const event: Event = { dueMs: this.nowMs + Math.max(0, delayMs), order: this.scheduled++, run }
    this.push(event)
    return {
      cancel: () => {
        if (event.run === null) return
        event.run = null
        this.cancelled++
        if (this.cancelled > 256 && this.cancelled > this.heap.length / 2) this.dropCancelled()
      },
    }
  }

  /**
   * Runs events until `done` answers true, time passes `untilMs`, or nothing is left to happen.
   *
   * @returns whether `done` was reached
   * @throws what an event throws
   */
  async run(done: () => boolean, untilMs: number): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      let ended = false
      let left = 0
      const step = (): void => {
        left--
        if (ended) return
        try {
          const end = done() ? true : this.step(untilMs) ? null : done()
          if (end !== null) {
            ended = true
            resolve(end)
          } else if (left === 0) turn()
        } catch (error) {
          ended = true
          reject(error as Error)
        }
      }
      const turn = (): void => {
        left = eventsPerTurn
        for (let i = 0; i < eventsPerTurn; i++) setImmediate(step)
      }
      turn()
    })
  }

  /** Runs one event; false when none is due. */
  private step(untilMs: number): boolean {
    let event = this.pop()
    while (event !== undefined && event.run === null) {
      this.cancelled--
      event = this.pop()
    }
    if (event === undefined || event.dueMs > untilMs) {
      if (event !== undefined) this.push(event)
      this.nowMs = Math.max(this.nowMs, untilMs)
      return false
    }
    this.nowMs = Math.max(this.nowMs, event.dueMs)
    this.eventsRun++
    const { run } = event
    event.run = null
    run?.()
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

  /** Timeouts of requests are nearly all cancelled: without this the heap would be full of them. */
  private dropCancelled(): void {
    const live = this.heap.filter((event) => event.run !== null)
    this.heap = []
    this.cancelled = 0
    for (const event of live) this.push(event)
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order)
