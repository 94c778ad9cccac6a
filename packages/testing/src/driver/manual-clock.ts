/** A clock that only moves when told to. */
import { type Duration, durationMs } from '@millrace/core'
import type { Clock } from '@millrace/core/port'

export class ManualClock implements Clock {
  private ms: number

  /** @param startMs the time at first, ms since the epoch */
  constructor(startMs = 0) {
    this.ms = startMs
  }

  nowMs(): number {
    return this.ms
  }

  advance(by: Duration): void {
    this.ms += durationMs(by, 'advance')
  }
}
