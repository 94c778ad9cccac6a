/**
 * Restore: changelog → stores and engine, until the position is reached. One reader per worker, with a connection of its
 * own; it runs beside the stream loop and hands a task over when it is complete.
 *
 * Tasks that are to run come first: standbys wait while any of them restores. A task can be taken away at any moment;
 * `remove` resolves when nothing touches its engine any more.
 */
import { formatTopicPartition, StreamsError, TaskCorruptedError, type TopicPartition } from '@millrace/core'
import type { Clock, Logger, StoreEngine } from '@millrace/core/port'
import { monotonicMs } from '@millrace/protocol'
import { isPlanted } from '@millrace/protocol/internal'
import { readPosition } from './positions.ts'
import { RestoreJob, type RestoreBatch, type RestoreChangelog, restoreStart, type RestoreTask } from './restore-job.ts'

/** What the reader needs of the cluster: a fetcher of its own and the bounds of logs. */
export interface ChangelogSource {
  assign(partitions: readonly (TopicPartition & { readonly offset: number })[]): void
  unassign(partitions: readonly TopicPartition[]): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** @throws of one partition, whose name is in the details */
  poll(timeoutMs: number): Promise<readonly FetchedChangelog[]>
  wakeup(): void
  /** Start of each log, and the offset after its last record, also of open transactions. In the order asked. */
  bounds(partitions: readonly TopicPartition[]): Promise<readonly { readonly start: number; readonly end: number }[]>
  /** Committed offsets of the group in the order asked; −1 = none. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly number[]>
}

/** What was fetched of one changelog. */
export interface FetchedChangelog extends TopicPartition {
  readonly batches: readonly RestoreBatch[]
  readonly nextOffset: number
}

interface Running {
  readonly job: RestoreJob
  readonly partitions: readonly TopicPartition[]
  readonly done: (error?: Error) => void
}

/** How the reader works. */
export interface ReaderOptions {
  readonly logger: Logger
  readonly clock: Clock
  /** Time between looks at what is committed of input topics that standbys follow, ms. */
  readonly limitIntervalMs: number
}

/** Wait for data before what is pending is applied all the same. */
const pollMs = 100

export class ChangelogReader {
  /** Records applied to stores since the start, over all tasks. */
  recordsRestored = 0
  readonly #source: ChangelogSource
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #limitIntervalMs: number
  #raising = false
  #raiseAtMs = 0
  readonly #preparing = new Map<string, RestoreJob>()
  readonly #running = new Map<string, Running>()
  readonly #byPartition = new Map<string, Running>()
  #loop: Promise<void> | null = null
  #applying: Promise<void> = Promise.resolve()
  #closed = false
  #held = false

  constructor(source: ChangelogSource, options: ReaderOptions) {
    this.#source = source
    this.#logger = options.logger
    this.#clock = options.clock
    this.#limitIntervalMs = options.limitIntervalMs
  }

  /**
   * Brings a task to the end of its changelogs as they are now.
   *
   * @throws {MR_RUNTIME_CHANGELOG_RANGE} (TaskCorruptedError) remove the engine's rows and restore again
   * @throws {MR_RUNTIME_CLOSED} it was removed meanwhile
   */
  async restore(task: RestoreTask, engine: StoreEngine): Promise<void> {
    const job = new RestoreJob(task, engine, false)
    await this.#prepared(job, engine, task.changelogs())
    if (job.open().length === 0) return
    const records = job.recordsLeft
    this.#logger.info('restoring', { task: task.name, records })
    await this.#run(job)
    this.#logger.info('restored', { task: task.name, records: job.recordsRestored })
  }

  /**
   * Follows the changelogs of a standby task until it is removed. Those that are input topics are followed up to what the
   * group has committed: the active task has not processed more for certain.
   */
  async follow(task: RestoreTask, engine: StoreEngine): Promise<void> {
    const job = new RestoreJob(task, engine, true)
    const followed = task.changelogs()
    await this.#prepared(job, engine, followed)
    if (followed.length > 0) await this.#run(job)
  }

  /** Takes a task away; what was fetched is applied first, so that little is lost. Its `restore` then fails as closed. */
  async remove(taskName: string): Promise<void> {
    this.#preparing.delete(taskName)
    const running = this.#running.get(taskName)
    if (running === undefined) return
    this.#forget(running)
    await this.#applying
    try {
      if (isPlanted('end-as-position')) running.job.skipToEnd()
      await running.job.apply()
    } finally {
      running.done(givenUp(taskName))
    }
  }

  /** How far a task is in its changelogs; null when it is not here. */
  positions(taskName: string): readonly (TopicPartition & { readonly offset: number })[] | null {
    return this.#running.get(taskName)?.job.positions() ?? null
  }

  /** The same, in records of all its changelogs, for the leader's lags. */
  offsetSum(taskName: string): number | null {
    return this.positions(taskName)?.reduce((sum, { offset }) => sum + offset, 0) ?? null
  }

  /** Records that are still to be read for tasks that are to run. */
  get recordsLeft(): number {
    let left = 0
    for (const { job } of this.#running.values()) left += job.recordsLeft
    return left
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#source.wakeup()
    for (const name of this.#running.keys()) await this.remove(name)
    await this.#loop
  }

  /** Prepares, and fails as closed when the task is taken away meanwhile: nobody would end the job. */
  async #prepared(job: RestoreJob, engine: StoreEngine, changelogs: readonly RestoreChangelog[]): Promise<void> {
    const { name } = job.task
    this.#preparing.set(name, job)
    await this.#prepare(job, engine, changelogs)
    if (this.#preparing.get(name) !== job) throw givenUp(name)
    this.#preparing.delete(name)
  }

  async #prepare(job: RestoreJob, engine: StoreEngine, changelogs: readonly RestoreChangelog[]): Promise<void> {
    if (changelogs.length === 0) return
    const bounds = await this.#source.bounds(changelogs)
    const inputs = changelogs.filter((changelog) => changelog.isSource)
    const committed = inputs.length === 0 ? [] : await this.#source.committed(inputs)
    for (const [i, changelog] of changelogs.entries()) {
      const log = bounds[i] ?? { start: 0, end: 0 }
      const position = await readPosition(engine, changelog.topic, changelog.partition)
      const from = restoreStart(changelog, position, log)
      const limit = changelog.isSource ? Math.max(log.start, committed[inputs.indexOf(changelog)] ?? 0) : log.end
      const isEndless = job.isStandby && !changelog.isSource
      job.begin(changelog, { from, end: isEndless ? Number.POSITIVE_INFINITY : Math.min(limit, log.end) })
    }
  }

  async #run(job: RestoreJob): Promise<void> {
    if (this.#closed) throw new StreamsError('MR_RUNTIME_CLOSED', { what: 'The restore' })
    const partitions = job.open()
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error): void => {
        if (error === undefined) resolve()
        else reject(error)
      }
      const running = { job, partitions: [...partitions, ...job.inputs()], done }
      this.#running.set(job.task.name, running)
      for (const one of running.partitions)
        this.#byPartition.set(formatTopicPartition(one.topic, one.partition), running)
      this.#source.assign(partitions)
      this.#balancePauses()
      this.#source.wakeup()
      this.#loop ??= this.#pollLoop().finally(() => {
        this.#loop = null
      })
    })
  }

  async #pollLoop(): Promise<void> {
    while (!this.#closed && this.#running.size > 0) {
      let fetched: readonly FetchedChangelog[] = []
      try {
        fetched = await this.#source.poll(pollMs)
      } catch (error) {
        this.#fail(error)
        continue
      }
      for (const { topic, partition, batches, nextOffset } of fetched) {
        const running = this.#byPartition.get(formatTopicPartition(topic, partition))
        running?.job.take({ topic, partition }, batches, nextOffset)
        // What was read beyond the limit is read again when the limit has moved.
        if (running?.job.isStandby === true && running.job.isDone({ topic, partition }))
          this.#source.unassign([{ topic, partition }])
      }
      this.#applying = this.#applyDue(fetched.length === 0)
      await this.#applying
      this.#raiseLimits()
    }
  }

  /** Standbys go on in input topics as far as the group has committed; asked beside the loop, now and then. */
  #raiseLimits(): void {
    const nowMs = monotonicMs(this.#clock)
    if (this.#raising || nowMs < this.#raiseAtMs) return
    const standbys = [...this.#running.values()].filter(({ job }) => job.isStandby)
    const inputs = standbys.flatMap(({ job }) => job.inputs().map((at) => ({ job, at })))
    if (inputs.length === 0) return
    this.#raising = true
    this.#raiseAtMs = nowMs + this.#limitIntervalMs
    this.#source
      .committed(inputs.map(({ at }) => at))
      .then((offsets) => {
        for (const [i, { job, at }] of inputs.entries()) this.#raise(job, at, offsets[i] ?? -1)
        this.#balancePauses()
      })
      .catch((error: unknown) => {
        this.#logger.debug('committed offsets are asked for again', { reason: String(error) })
      })
      .finally(() => {
        this.#raising = false
      })
  }

  #raise(job: RestoreJob, { topic, partition }: TopicPartition, committed: number): void {
    // It may have been taken away meanwhile.
    if (this.#byPartition.get(formatTopicPartition(topic, partition))?.job !== job) return
    const offset = job.raise({ topic, partition }, committed)
    if (offset !== null) this.#source.assign([{ topic, partition, offset }])
  }

  /** `all`: nothing came, so small rests are applied too. */
  async #applyDue(all: boolean): Promise<void> {
    for (const running of this.#running.values()) {
      const { job } = running
      try {
        const isComplete = !job.isStandby && job.open().length === 0
        // At the end also without records: the position moves past markers and compacted batches.
        if (isComplete || job.isDue || (all && job.hasPending)) {
          const before = job.recordsRestored
          await job.apply()
          this.recordsRestored += job.recordsRestored - before
        }
        if (!isComplete) continue
        this.#forget(running)
        running.done()
      } catch (error) {
        this.#forget(running)
        running.done(error as Error)
      }
    }
  }

  /** The fetcher's errors name the partition; its task is lost, the others go on. */
  #fail(error: unknown): void {
    const details = error instanceof StreamsError ? (error.details as Partial<TopicPartition>) : {}
    const name = formatTopicPartition(details.topic ?? '', details.partition ?? 0)
    const named = this.#byPartition.get(name) ?? this.#ofTopic(details.topic)
    const lost = named === undefined ? [...this.#running.values()] : [named]
    for (const running of lost) {
      this.#forget(running)
      running.done(this.#asCorrupted(error))
    }
  }

  #ofTopic(topic: string | undefined): Running | undefined {
    return [...this.#running.values()].find(({ partitions }) => partitions.some((one) => one.topic === topic))
  }

  /** The log moved away under us while we read: as if the position had been out of range at the start. */
  #asCorrupted(error: unknown): Error {
    if (!(error instanceof StreamsError) || error.code !== 'MR_PROTOCOL_OFFSET_RANGE') return error as Error
    const { topic, partition, offset } = error.details as TopicPartition & { readonly offset: number }
    const details = { topic, partition, position: offset, start: -1, end: -1 }
    return new TaskCorruptedError('MR_RUNTIME_CHANGELOG_RANGE', details, { cause: error })
  }

  #forget(running: Running): void {
    this.#running.delete(running.job.task.name)
    for (const one of running.partitions) this.#byPartition.delete(formatTopicPartition(one.topic, one.partition))
    this.#source.unassign(running.partitions)
    this.#balancePauses()
  }

  #balancePauses(): void {
    const standbys = [...this.#running.values()].filter(({ job }) => job.isStandby)
    const hold = standbys.length < this.#running.size
    if (!hold && !this.#held) return
    this.#held = hold
    const partitions = standbys.flatMap((running) => running.partitions)
    if (hold) this.#source.pause(partitions)
    else this.#source.resume(partitions)
  }
}

function givenUp(taskName: string): StreamsError {
  return new StreamsError('MR_RUNTIME_CLOSED', { what: `The restore of task ${taskName}` })
}
