/** A line in the log, now and then, that says what a worker has done since the last one (`log.summary.interval.ms`). */
import { monotonicMs } from '@millrace/protocol'
import type { AppContext } from './app-context.ts'
import type { LoopCounters } from './stream-loop.ts'
import type { TaskSet } from './task-set.ts'

/** What the line tells of. */
export interface SummedWorker {
  readonly name: string
  readonly counters: LoopCounters | null
  readonly tasks: TaskSet | null
}

export class WorkerSummary {
  readonly #app: AppContext
  #loggedMs: number
  #last: LoopCounters = { records: 0, polls: 0, rounds: 0, punctuations: 0, commits: 0 }

  constructor(app: AppContext) {
    this.#app = app
    this.#loggedMs = monotonicMs(app.around.clock)
  }

  /** Logs, if it is time. */
  maybeLog({ name, counters, tasks }: SummedWorker): void {
    const { options, around } = this.#app
    const nowMs = monotonicMs(around.clock)
    if (options.logSummaryIntervalMs < 0 || nowMs - this.#loggedMs < options.logSummaryIntervalMs) return
    this.#loggedMs = nowMs
    if (counters === null) return
    const last = this.#last
    this.#last = { ...counters }
    around.logger.info('worked', {
      worker: name,
      tasks: tasks?.running.length ?? 0,
      records: counters.records - last.records,
      punctuations: counters.punctuations - last.punctuations,
      commits: counters.commits - last.commits,
    })
  }
}
