/**
 * Scheduled calls on stream time or wall-clock time, between records and on the task's own turn.
 *
 * Schedules of one type lie in a heap by due time (ties as in Java's). While the first is due it is taken out, called, and
 * put back on its own grid, later than now: ticks that were missed are skipped, and nobody is called twice in one check.
 */
import { ConfigError, type Duration, durationMs, type PunctuationType } from '@millrace/core'
import { requireFunction, requireWord } from '@millrace/core/internal'
import type { Cancellable } from '@millrace/core/port'
import { toError } from '../handler/dead-letter.ts'
import { isDecided, processingFailed } from '../handler/processing.ts'
import { type Prioritised, PriorityQueue } from './priority-queue.ts'
import type { TaskState } from './task-state.ts'

export interface ScheduleRequest {
  readonly node: string
  readonly interval: Duration
  readonly type: PunctuationType
  readonly callback: (timestampMs: number) => void
  readonly startMs: number | undefined
}

class Schedule implements Prioritised, Cancellable {
  /** Due time, ms. */
  order: number
  readonly node: string
  readonly intervalMs: number
  readonly callback: (timestampMs: number) => void
  cancelled = false

  constructor(request: ScheduleRequest, intervalMs: number, dueMs: number) {
    this.order = dueMs
    this.node = request.node
    this.intervalMs = intervalMs
    this.callback = request.callback
  }

  cancel(): void {
    this.cancelled = true
  }

  /** The next due time on the grid, later than `timestampMs`. */
  advance(timestampMs: number): void {
    const missed =
      timestampMs >= this.order + this.intervalMs ? Math.floor((timestampMs - this.order) / this.intervalMs) : 0
    this.order += (missed + 1) * this.intervalMs
  }
}

export class Punctuations {
  private readonly state: TaskState
  private readonly streamTime = new PriorityQueue<Schedule>()
  private readonly wallClock = new PriorityQueue<Schedule>()

  constructor(state: TaskState) {
    this.state = state
  }

  /**
   * Stream-time schedules begin at 0, so the first record makes them due; wall-clock ones one interval from now. With
   * `startMs` (KIP-1146) both begin there, or, when that is past, at the next time of that grid later than now.
   *
   * @throws {MR_CONFIG_INVALID} if the interval is less than 1 ms, the start negative, or the type another word
   * @throws {MR_TOPOLOGY_CALLBACK} (TopologyError) the callback is no function
   */
  schedule(request: ScheduleRequest): Cancellable {
    requireWord('schedule type', request.type, ['stream-time', 'wall-clock'])
    requireFunction('schedule', request.callback)
    const intervalMs = durationMs(request.interval, 'schedule interval')
    if (!(intervalMs >= 1)) throw invalid('schedule interval', intervalMs, 'at least 1 ms')
    const { startMs } = request
    if (startMs !== undefined && !(startMs >= 0)) throw invalid('schedule startMs', startMs, 'a time of 0 or later')
    const onStreamTime = request.type === 'stream-time'
    const { nowMs, streamTimeMs } = this.state
    const anchoredMs =
      startMs === undefined ? undefined : onGrid(startMs, intervalMs, onStreamTime ? streamTimeMs : nowMs)
    const dueMs = anchoredMs ?? (onStreamTime ? 0 : nowMs + intervalMs)
    const schedule = new Schedule(request, intervalMs, dueMs)
    const queue = onStreamTime ? this.streamTime : this.wallClock
    queue.add(schedule)
    return schedule
  }

  /** @returns true if one was called */
  punctuateStreamTime(): boolean {
    const { streamTimeMs } = this.state
    return streamTimeMs >= 0 && this.punctuate(this.streamTime, streamTimeMs)
  }

  /** @returns true if one was called */
  punctuateWallClock(nowMs: number): boolean {
    return this.punctuate(this.wallClock, nowMs)
  }

  clear(): void {
    this.streamTime.clear()
    this.wallClock.clear()
  }

  // RECORD PATH 7/8: everything due is called, in order of due time.
  private punctuate(queue: PriorityQueue<Schedule>, timestampMs: number): boolean {
    if (!this.isDue(queue, timestampMs)) return false
    const record = this.state.takeRecord()
    let called = false
    for (let top = queue.peek(); top !== undefined && top.order <= timestampMs; top = queue.peek()) {
      queue.poll()
      if (top.cancelled) continue
      called = true
      this.call(top, timestampMs)
      if (top.cancelled) continue
      top.advance(timestampMs)
      queue.add(top)
    }
    this.state.setRecord(record)
    return called
  }

  private isDue(queue: PriorityQueue<Schedule>, timestampMs: number): boolean {
    const top = queue.peek()
    return top !== undefined && top.order <= timestampMs
  }

  private call(schedule: Schedule, timestampMs: number): void {
    const { state } = this
    state.setNoRecord(timestampMs)
    try {
      schedule.callback(timestampMs)
    } catch (thrown) {
      if (isDecided(thrown)) throw thrown
      state.setNoRecord(timestampMs)
      processingFailed(state, toError(thrown), state.errorContext(schedule.node, null), null)
      state.metrics.count('dropped-records-total', 1)
    }
  }
}

/** The start, unless it is past: then the first time of its grid later than now. */
function onGrid(startMs: number, intervalMs: number, nowMs: number): number {
  if (startMs >= nowMs) return startMs
  return startMs + (Math.floor((nowMs - startMs) / intervalMs) + 1) * intervalMs
}

function invalid(option: string, value: number, accepted: string): ConfigError<'MR_CONFIG_INVALID'> {
  return new ConfigError('MR_CONFIG_INVALID', { option, value: String(value), accepted })
}
