/**
 * The tasks of one worker: what an assignment changes, what is opening, what runs.
 *
 * Assignments are applied between rounds, when no task is at work. Opening and restoring go on beside the loop; a task
 * joins the loop when `adopt` finds it open.
 */
import { FatalError, formatTopicPartition, type TaskId, type TopicPartition } from '@millrace/core'
import { matchesTopic } from '@millrace/core/internal'
import type { Fetcher, OffsetPlace } from '@millrace/protocol'
import { isPlanted } from '@millrace/protocol/internal'
import type { ReceivedAssignment } from '../assignment/received-assignment.ts'
import type { ChangelogReader } from '../changelog/reader.ts'
import { toError } from '../handler/dead-letter.ts'
import type { AppContext } from './app-context.ts'
import { HeldTask } from './held-task.ts'
import type { ProducerCollector } from './producer-collector.ts'
import { type OpenerParts, openActive, openStandby } from './task-opener.ts'

/** What the set works on. */
export interface TaskSetParts extends Pick<OpenerParts, 'app' | 'reader' | 'produceCluster'> {
  readonly app: AppContext
  readonly fetcher: Fetcher
  readonly reader: ChangelogReader
  /** The collector of the present output. */
  collector(): ProducerCollector
  /** Something became ready: the loop need not wait longer. */
  wake(): void
}

export class TaskSet {
  readonly #parts: TaskSetParts
  readonly #tasks = new Map<string, HeldTask>()
  readonly #byInput = new Map<string, HeldTask>()
  #running: HeldTask[] = []
  #opened: HeldTask[] = []
  #failure: Error | null = null
  /** Tasks opened and closed since the start, for metrics. */
  created = 0
  closed = 0

  constructor(parts: TaskSetParts) {
    this.#parts = parts
  }

  /** Tasks in the loop. */
  get running(): readonly HeldTask[] {
    return this.#running
  }

  /** Everything that is held, in whatever phase. */
  get all(): Iterable<HeldTask> {
    return this.#tasks.values()
  }

  /** True when every active task that was assigned runs. */
  get isSettled(): boolean {
    for (const held of this.#tasks.values()) if (!held.isStandby && held.phase !== 'running') return false
    return true
  }

  /** The running task that reads a partition. */
  reader(topic: string, partition: number): HeldTask | undefined {
    return this.#byInput.get(formatTopicPartition(topic, partition))
  }

  /**
   * Takes an assignment: gives up what is not in it, opens what is new.
   *
   * @param commit called once before a running task is given up
   * @returns true when active tasks were given up, so that others can have them after the next rejoin
   */
  async apply(assignment: ReceivedAssignment, commit: () => Promise<void>): Promise<boolean> {
    const active = new Map(assignment.active.map((task) => [task.name, task]))
    const standby = new Map(assignment.standby.map((id) => [`${id.subTopology}_${id.partition}`, id]))
    const leaving = [...this.#tasks.values()].filter((held) =>
      held.isStandby ? !standby.has(held.name) : !sameInputs(held.inputs, active.get(held.name)?.inputs),
    )
    if (leaving.some((held) => held.phase === 'running')) await commit()
    for (const held of leaving) await this.close(held, true)
    for (const task of active.values()) if (!this.#tasks.has(task.name)) this.#open(task.id, task.inputs)
    for (const id of standby.values()) this.#open(id, null)
    return leaving.some((held) => !held.isStandby && active.get(held.name) === undefined)
  }

  /**
   * Takes opened tasks into the loop.
   *
   * @throws what kept a task from opening, and {MR_RUNTIME_INIT}
   */
  adopt(): void {
    if (this.#failure !== null) throw this.#failure
    if (this.#opened.length === 0) return
    const opened = this.#opened
    this.#opened = []
    for (const held of opened) {
      if ((held.isClosed && !isPlanted('stale-after-await')) || held.open === null) continue
      const { task, committed } = held.open
      task.start(committed.filter((position) => position.offset >= 0))
      held.phase = 'running'
      this.#running.push(held)
      for (const { topic, partition } of held.inputs) this.#byInput.set(formatTopicPartition(topic, partition), held)
      this.#parts.fetcher.assign(
        held.inputs.map((input, i) => ({ ...input, offset: this.#startOf(input, committed[i]?.offset ?? -1) })),
      )
      this.#parts.app.around.logger.info('task runs', { task: held.name })
    }
  }

  /** Gives a task up. `clean`: errors of processors count; the engine keeps what was committed, unless it is damaged. */
  async close(held: HeldTask, clean: boolean): Promise<void> {
    const wasRunning = held.phase === 'running'
    held.phase = 'closed'
    this.closed++
    this.#tasks.delete(held.name)
    this.#running = this.#running.filter((other) => other !== held)
    for (const { topic, partition } of held.inputs) this.#byInput.delete(formatTopicPartition(topic, partition))
    if (wasRunning) this.#parts.fetcher.unassign(held.inputs)
    // Not running yet: whoever opens it sees that it is closed and lets go of the engine.
    else await this.#parts.reader.remove(held.name)
    const { open } = held
    held.open = null
    held.visible = null
    if (open === null) return
    for (const { topic, partition } of open.task.changelogs()) this.#parts.collector().unwatch(topic, partition)
    try {
      open.task.close(clean)
    } finally {
      await (held.damage === null ? open.held.release() : open.held.destroy(held.damage))
    }
  }

  /** Gives everything up without a commit; the first error of a processor's `close` is only logged. */
  async closeAll(clean: boolean): Promise<void> {
    let first: Error | undefined
    for (const held of this.#tasks.values()) {
      try {
        await this.close(held, clean)
      } catch (error) {
        first ??= toError(error)
      }
    }
    this.#failure = null
    if (first !== undefined && clean) throw first
  }

  /**
   * Drops all tasks and opens the same ones again from what is committed: after a failed producer or transaction, or a
   * damaged state, which is removed. `between` replaces the output, and with it aborts what the tasks have written.
   */
  async reopenAll(between: () => Promise<void>): Promise<void> {
    const held = [...this.#tasks.values()]
    await this.closeAll(false)
    await between()
    for (const { id, isStandby, inputs } of held) this.#open(id, isStandby ? null : inputs)
  }

  /** Tells a task where its inputs begin, where it has neither committed nor read anything yet. */
  beginInputs(held: HeldTask): void {
    const task = held.open?.task
    if (task === undefined || task.anchor() !== null) return
    for (const { topic, partition } of held.inputs) {
      const offset = this.#parts.fetcher.position(topic, partition) ?? -1
      if (offset >= 0) task.begin(topic, partition, offset)
    }
  }

  #open(id: TaskId, inputs: readonly TopicPartition[] | null): void {
    const held = new HeldTask(id, inputs, this.#parts.app.options.maxTaskIdleMs)
    if (this.#tasks.has(held.name)) return
    this.#tasks.set(held.name, held)
    this.created++
    const parts = { ...this.#parts, collector: this.#parts.collector(), taskCount: () => this.#tasks.size }
    const opening = inputs === null ? openStandby(held, parts) : this.#openActive(held, parts)
    opening.catch((error: unknown) => {
      if (!held.isClosed) this.#failure ??= toError(error)
      this.#parts.wake()
    })
  }

  async #openActive(held: HeldTask, parts: OpenerParts): Promise<void> {
    const open = await openActive(held, parts)
    if (open === null) return
    if (held.isClosed && !isPlanted('stale-after-await')) {
      open.task.close(false)
      await open.held.release()
      return
    }
    held.open = open
    this.#opened.push(held)
    this.#parts.wake()
  }

  /** Where an input begins: at its committed offset, or as the source or the application says. */
  #startOf({ topic, partition }: TopicPartition, committed: number): number | OffsetPlace {
    return committed >= 0 ? committed : resetPlace(this.#parts.app, topic, partition)
  }
}

/**
 * Where to begin in an input without a usable offset. Repartition topics always begin at their start: what is in them was
 * not processed yet.
 *
 * @throws {MR_RUNTIME_NO_OFFSET} (FatalError) the policy is `none`
 */
export function resetPlace(app: AppContext, topic: string, partition: number): OffsetPlace {
  const { topology, options, around } = app
  const logical = topology.nodes.find(
    (node) =>
      node.kind === 'source' &&
      ((node.pattern !== null && matchesTopic(node.pattern, topic)) ||
        node.topics?.some((name) => topology.topicName(name, options.applicationId) === topic) === true),
  )
  const isRepartition = topology.internalTopics.some(
    (internal) => topology.topicName(internal.name, options.applicationId) === topic,
  )
  if (isRepartition) return 'earliest'
  const policy = (logical?.kind === 'source' ? logical.offsetReset : null) ?? options.autoOffsetReset
  if (policy === 'none') throw new FatalError('MR_RUNTIME_NO_OFFSET', { topic, partition })
  return typeof policy === 'string' ? policy : { timestampMs: around.clock.nowMs() - policy.durationMs }
}

function sameInputs(a: readonly TopicPartition[], b: readonly TopicPartition[] | undefined): boolean {
  return (
    b !== undefined &&
    a.length === b.length &&
    a.every((one) => b.some((other) => other.topic === one.topic && other.partition === one.partition))
  )
}
