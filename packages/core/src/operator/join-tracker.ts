/**
 * What both sides of one stream–stream join share inside a task: stream time over both inputs, and when unmatched
 * records may come out.
 *
 * The DSL makes one `joinTrackers()` per join and gives it to both suppliers; each task then gets its own tracker. Both
 * sides of one task are processed one after the other, so nothing is concurrent here.
 */
import type { OperatorContext, RecordContext } from '../processor/processor.ts'

const intervalProperty = '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__'
const defaultIntervalMs = 1000

/** Time of one join in one task. */
export class JoinTracker {
  /** Greatest event time of both inputs, −1 at first. */
  streamTimeMs = -1
  /** Smallest time of a record that waits for a match; +Infinity when there is none. */
  waitingMs: number = Number.POSITIVE_INFINITY
  private nextMs = 0
  private intervalMs: number = defaultIntervalMs

  /** Takes the interval between emissions from the configuration: wall-clock ms, 1 s unless set. */
  configure(context: OperatorContext<never, never>): void {
    this.intervalMs = Number(context.config(intervalProperty) ?? defaultIntervalMs)
  }

  advance(timestampMs: number): void {
    if (timestampMs > this.streamTimeMs) this.streamTimeMs = timestampMs
  }

  /** A record begins to wait. */
  waits(timestampMs: number): void {
    if (timestampMs < this.waitingMs) this.waitingMs = timestampMs
  }

  /** True when the interval since the last emission has passed; takes the turn. */
  takeTurn(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false
    this.nextMs = nowMs + this.intervalMs
    return true
  }
}

/** Trackers of one join, one per task. */
export interface JoinTrackers {
  of(context: OperatorContext<never, never>): JoinTracker
  /** Called when the task closes; twice is harmless. */
  forget(context: OperatorContext<never, never>): void
}

/**
 * Makes the trackers of one join.
 *
 * Tasks are told apart by their record context, of which each has one: a topology may run in several tasks of one name,
 * for two applications or in a test.
 *
 * Units: times in ms. Errors: none.
 *
 * @example
 * run(
 *   ({ texts, numbers }) => texts.outerJoin(numbers, (text, n) => `${text ?? '-'} ${n ?? '-'}`, { within: 10 }),
 *   ['texts', 'a', 'x', 0],
 *   ['numbers', 'b', 1, 50],
 * )
 * // → [["a","x -"]]
 */
export function joinTrackers(): JoinTrackers {
  const trackers = new WeakMap<RecordContext, JoinTracker>()
  return {
    of(context: OperatorContext<never, never>): JoinTracker {
      let tracker = trackers.get(context.recordContext)
      if (tracker === undefined) {
        tracker = new JoinTracker()
        trackers.set(context.recordContext, tracker)
      }
      return tracker
    },
    forget(context: OperatorContext<never, never>): void {
      trackers.delete(context.recordContext)
    },
  }
}
