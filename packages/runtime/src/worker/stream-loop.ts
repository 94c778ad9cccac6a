/**
 * The stream loop: poll → enqueue → process up to N → punctuate → commit if due.
 *
 * Everything between two `await`s is synchronous, and promises are per batch. N, the records each task may process in one
 * round, follows the time they take:
 *
 * 1. N begins at 64.
 * 2. A round lets every ready task process up to N records, oldest first, then calls due punctuations, then commits if due.
 * 3. A round of less than 5 ms in which some task processed N records doubles N, up to 8192; one of more than 20 ms halves
 *    it, down to 1.
 * 4. Records are processed in pieces, and the clock is read behind each (`work-pace.ts`). A round ends after 10 ms,
 *    wherever it is, and the next one begins with the task that follows.
 * 5. After 10 ms without one, the event loop gets a turn, so that heartbeats, sockets and restores go on.
 * 6. Rounds end when none processed anything, when the group or the application wants something, or when half of the
 *    maximum poll interval is used up; then the loop polls again.
 * 7. One record is never interrupted. One that keeps the thread for as long as a session lasts is told of
 *    (`stall-watch.ts`).
 */
import { monotonicMs, type Fetcher, type FetchedPartition } from '@millrace/protocol'
import type { AppContext } from './app-context.ts'
import { FetchedRecords } from './fetched-records.ts'
import type { Task } from '../task/task.ts'
import type { HeldTask } from './held-task.ts'
import type { FetchStatus } from './readiness.ts'
import { StallWatch } from './stall-watch.ts'
import type { TaskSet } from './task-set.ts'
import { turnMs, WorkPace } from './work-pace.ts'
import type { WorkerOutput } from './worker-output.ts'

/** What the loop drives. */
export interface LoopParts {
  readonly app: AppContext
  /** Name of the worker, for texts. */
  readonly worker: string
  readonly fetcher: Fetcher
  readonly tasks: TaskSet
  output(): WorkerOutput
  /** Callbacks of the group run here, while no task is at work. */
  pollGroup(): Promise<void>
  /** Makes progress durable, if anything needs it. @returns false when it must wait for the group */
  commit(): Promise<boolean>
}

/** Counters of one worker; names in `metrics.ts`. */
export interface LoopCounters {
  records: number
  polls: number
  rounds: number
  punctuations: number
  commits: number
}

export class StreamLoop {
  readonly counters: LoopCounters = { records: 0, polls: 0, rounds: 0, punctuations: 0, commits: 0 }
  readonly #parts: LoopParts
  readonly #pace = new WorkPace()
  readonly #watch: StallWatch
  #interrupted = false
  /** Where in the list of tasks the next round begins. */
  #first = 0
  /** The clock as it was last read in this round. */
  #nowMs = 0
  /** Some task has processed all that it might in this round. */
  #isFull = false
  #turnAtMs = 0
  #committedAtMs: number

  constructor(parts: LoopParts) {
    this.#parts = parts
    this.#committedAtMs = monotonicMs(parts.app.around.clock)
    this.#watch = new StallWatch(parts.app.around.logger, { ...parts.app.options, worker: parts.worker })
  }

  /** The group, or the application, wants something: ends rounds and waiting soon. */
  interrupt(): void {
    this.#interrupted = true
    this.#parts.fetcher.wakeup()
  }

  // RECORD PATH 1/8: the fetcher gives batches, the tasks queue them and process, and progress is committed when due.
  async once(): Promise<void> {
    const { app, fetcher, tasks } = this.#parts
    this.#interrupted = false
    await this.#parts.pollGroup()
    tasks.adopt()
    this.#resumeInputs()
    const fetched = await fetcher.poll(this.#interrupted ? 0 : app.options.pollMs)
    this.counters.polls++
    for (const part of fetched) this.#enqueue(part)
    if (!app.isPaused()) await this.#rounds()
    if (this.#isCommitDue()) await this.#commit()
    await this.#turn()
  }

  async #rounds(): Promise<void> {
    const { app, tasks } = this.#parts
    const { clock } = app.around
    const untilMs = monotonicMs(clock) + app.options.maxPollIntervalMs / 2
    for (;;) {
      const startMs = monotonicMs(clock)
      const ran = this.#round(startMs)
      const endMs = this.#nowMs
      this.#pace.noteRound(endMs - startMs, this.#isFull)
      if (this.#isCommitDue()) await this.#commit()
      if (endMs - this.#turnAtMs >= turnMs) await this.#turn()
      await this.#holdBack()
      if (ran === 'idle' || this.#interrupted || endMs >= untilMs || tasks.running.length === 0) return
    }
  }

  /** @returns idle: every task had its turn, and there was nothing to process */
  #round(startMs: number): 'busy' | 'idle' {
    const { app, tasks } = this.#parts
    const { running } = tasks
    const wallMs = app.around.clock.nowMs()
    const first = this.#first < running.length ? this.#first : 0
    let processed = 0
    this.#first = 0
    this.#nowMs = startMs
    this.#isFull = false
    this.counters.rounds++
    for (let i = 0; i < running.length; i++) {
      const held = running[(first + i) % running.length] as HeldTask
      try {
        processed += this.#runTask(held, wallMs, startMs + turnMs)
      } catch (error) {
        held.noteThrown(error)
        throw error
      }
      if (this.#nowMs < startMs + turnMs || i === running.length - 1) continue
      this.#first = (first + i + 1) % running.length
      this.counters.records += processed
      return 'busy'
    }
    this.counters.records += processed
    return processed === 0 ? 'idle' : 'busy'
  }

  #runTask(held: HeldTask, wallMs: number, untilMs: number): number {
    const task = held.open?.task
    if (task === undefined) return 0
    const isReady = held.readiness.isReady(task, this.#statusOf, wallMs)
    const processed = isReady ? this.#process(task, untilMs) : 0
    const isStreamDue = processed > 0 && task.punctuateStreamTime()
    const isWallDue = task.punctuateWallClock(wallMs)
    if (isStreamDue) this.counters.punctuations++
    if (isWallDue) this.counters.punctuations++
    if (isStreamDue || isWallDue) {
      const tookMs = this.#readClock()
      if (tookMs >= this.#watch.limitMs) this.#watch.warn(tookMs, { task: task.name, records: 0, last: undefined })
    }
    return processed
  }

  /** Up to N records, in pieces, until the time is over. @returns how many */
  #process(task: Task, untilMs: number): number {
    const { recordsPerTask } = this.#pace
    let processed = 0
    while (processed < recordsPerTask) {
      const asked = Math.min(this.#pace.piece, recordsPerTask - processed)
      const done = task.process(asked)
      processed += done
      if (done === 0) return processed
      const tookMs = this.#readClock()
      this.#pace.notePiece(done, this.#nowMs, tookMs)
      if (tookMs >= this.#watch.limitMs) {
        this.#watch.warn(tookMs, { task: task.name, records: done, last: task.lastRecord })
      }
      if (done < asked || this.#nowMs >= untilMs) return processed
    }
    this.#isFull = true
    return processed
  }

  /** @returns the time since the clock was read last, ms */
  #readClock(): number {
    const beforeMs = this.#nowMs
    this.#nowMs = monotonicMs(this.#parts.app.around.clock)
    return this.#nowMs - beforeMs
  }

  #enqueue(part: FetchedPartition): void {
    const { topic, partition, batches, nextOffset } = part
    const { tasks, fetcher, app } = this.#parts
    const held = tasks.reader(topic, partition)
    const task = held?.open?.task
    if (held === undefined || task === undefined) return
    let buffered = 0
    for (const [i, { records, first }] of batches.entries()) {
      const end = i === batches.length - 1 ? nextOffset : records.header.lastOffset + 1
      buffered = task.enqueue(topic, partition, new FetchedRecords(records, first, end))
    }
    // Nothing but markers or compacted records: the position moves all the same.
    if (batches.length === 0) task.enqueue(topic, partition, new FetchedRecords(noRecords, 0, nextOffset))
    if (buffered > app.options.bufferedRecordsPerPartition) {
      const input = { topic, partition }
      held.pausedInputs.push(input)
      fetcher.pause([input])
    }
  }

  #resumeInputs(): void {
    const { tasks, fetcher, app } = this.#parts
    for (const { open, pausedInputs } of tasks.running) {
      if (open === null || pausedInputs.length === 0) continue
      for (let i = pausedInputs.length - 1; i >= 0; i--) {
        const input = pausedInputs[i]
        if (input === undefined) continue
        if (open.task.buffered(input.topic, input.partition) > app.options.bufferedRecordsPerPartition) continue
        pausedInputs.splice(i, 1)
        fetcher.resume([input])
      }
    }
  }

  readonly #statusOf = (topic: string, partition: number): FetchStatus | undefined => {
    const { fetcher, app } = this.#parts
    const status = fetcher.status(topic, partition)
    if (status === undefined) return undefined
    const isolated = app.options.processingGuarantee === 'exactly-once'
    const end = isolated ? status.lastStableOffset : status.highWatermark
    return { position: status.position, end, hasData: !status.isEmpty }
  }

  #isCommitDue(): boolean {
    const { app, tasks } = this.#parts
    const { options, around } = app
    let pinnedBytes = 0
    for (const { open } of tasks.running) {
      if (open?.task.commitRequested === true) return true
      pinnedBytes += open?.task.pinnedBytes ?? 0
    }
    if (pinnedBytes > options.statestoreUncommittedMaxBytes / app.workerCount()) return true
    return monotonicMs(around.clock) - this.#committedAtMs >= options.commitIntervalMs
  }

  async #commit(): Promise<void> {
    if (!(await this.#parts.commit())) return
    this.counters.commits++
    this.#committedAtMs = monotonicMs(this.#parts.app.around.clock)
  }

  /** Waits while too much is not acknowledged. */
  async #holdBack(): Promise<void> {
    const output = this.#parts.output()
    const { bufferMemory } = this.#parts.app.options
    if (output.bufferedBytes > bufferMemory) await output.space(bufferMemory / 2)
    if (output.failure !== null) throw output.failure
  }

  async #turn(): Promise<void> {
    await this.#parts.app.yieldTurn()
    this.#turnAtMs = monotonicMs(this.#parts.app.around.clock)
  }
}

const noRecords = {
  count: 0,
  offsetAt: () => -1,
  timestampAt: () => -1,
  keyAt: () => null,
  valueAt: () => null,
  headersAt: () => [],
}
