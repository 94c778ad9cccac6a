/**
 * A worker: one member of the group with its stream loop, fetcher, producer and restore reader, each on a connection of
 * its own. It runs until it is stopped or meets an error that nobody handles.
 *
 * What an error leads to is decided by its class, here and nowhere else: migrated = give everything up and rejoin; a
 * failed producer or transaction = open the same tasks again from what is committed; damaged state = the same, without
 * it; retriable = again, for a limited time; everything else ends the worker, and the application decides what then.
 */
import {
  ConfigError,
  FatalError,
  RetriableError,
  StreamsError,
  TaskCorruptedError,
  TaskMigratedError,
  type TopicPartition,
  TransactionAbortedError,
} from '@millrace/core'
import { monotonicMs } from '@millrace/protocol'
import { isPlanted } from '@millrace/protocol/internal'
import { assignmentError } from '../assignment/leader.ts'
import { readAssignment, type ReceivedAssignment } from '../assignment/received-assignment.ts'
import { writeEngineBatch } from '../commit/engine-batch.ts'
import type { AppContext } from './app-context.ts'
import { patternTopics } from './leader-cluster.ts'
import { RepartitionPurge } from './repartition-purge.ts'
import { SourceWatch } from './source-watch.ts'
import type { LoopCounters } from './stream-loop.ts'
import type { TaskSet } from './task-set.ts'
import { openClients, type WorkerClients, workerName } from './worker-clients.ts'
import { WorkerSummary } from './worker-summary.ts'
import { openOutput, type WorkerOutput } from './worker-output.ts'

/** How a worker ends. */
export interface StopOptions {
  readonly leaveGroup: boolean
  /** Longest wait for the last commit, ms; then everything is closed without it. Absent: as long as it takes. */
  readonly timeoutMs?: number
}

/** Where a worker stands. */
export type WorkerState = 'starting' | 'rebalancing' | 'running' | 'stopping' | 'stopped'

/** What a close passes over: the tasks are another worker's, or go on from what is committed at the next start. */
const minor = [TaskMigratedError, TaskCorruptedError, RetriableError] as const

/** Wait after an error that may pass, ms. */
const backoffMs = 200

export class Worker {
  readonly index: number
  readonly name: string
  readonly #app: AppContext
  readonly #onState: () => void
  #state: WorkerState = 'starting'
  #clients: WorkerClients | null = null
  #output: WorkerOutput | null = null
  #assignment: ReceivedAssignment | null = null
  #stop: StopOptions | null = null
  #joins = 0
  #shutdownRequested = false
  #failingSinceMs: number | null = null
  #ended: Promise<void> | null = null
  readonly #cut = new AbortController()
  readonly #purge: RepartitionPurge
  readonly #watch: SourceWatch
  readonly #summary: WorkerSummary

  /** @param onState called when the state may have changed */
  constructor(app: AppContext, index: number, onState: () => void) {
    this.#app = app
    this.index = index
    this.name = workerName(app, index)
    this.#onState = onState
    this.#purge = new RepartitionPurge(app)
    this.#summary = new WorkerSummary(app)
    this.#watch = new SourceWatch(app, () => this.#clients?.member.requestRejoin('source topics changed'))
  }

  get state(): WorkerState {
    return this.#state
  }

  /** The last assignment: who has what, of all instances. */
  get assignment(): ReceivedAssignment | null {
    return this.#assignment
  }

  get tasks(): TaskSet | null {
    return this.#clients?.tasks ?? null
  }

  get counters(): LoopCounters | null {
    return this.#clients?.loop.counters ?? null
  }

  /** How far a task that restores or stands by is in its changelogs; null when it does neither. */
  restorePositions(task: string): readonly (TopicPartition & { readonly offset: number })[] | null {
    return this.#clients?.reader.positions(task) ?? null
  }

  /** Changelog records applied since the start. */
  get recordsRestored(): number {
    return this.#clients?.reader.recordsRestored ?? 0
  }

  get output(): WorkerOutput | null {
    return this.#output
  }

  get memberId(): string {
    return this.#clients?.member.memberId ?? ''
  }

  /** Runs to the end. Rejects with the error that ended it; everything is closed then. */
  async run(): Promise<void> {
    this.#ended ??= this.#run()
    await this.#ended
  }

  /** Ends the worker after a last commit; resolves when everything is closed. */
  async stop(options: StopOptions): Promise<void> {
    this.#stop ??= options
    this.#clients?.loop.interrupt()
    const { timeoutMs } = options
    const cut = timeoutMs === undefined ? null : this.#app.around.timers.after(timeoutMs, () => this.#cutShort())
    await this.#ended?.catch(() => undefined)
    cut?.cancel()
  }

  /** Tells all instances to shut down, by way of the group; the worker ends by itself then. */
  requestShutdown(): void {
    this.#shutdownRequested = true
    this.#clients?.member.requestRejoin('an error asks all instances to shut down')
  }

  /** Ends waiting: something outside changed (pause, resume). */
  wake(): void {
    this.#clients?.loop.interrupt()
  }

  /** Closing has taken too long: what waits for the cluster fails now, and nothing more is committed. */
  #cutShort(): void {
    this.#cut.abort()
    void this.#output?.close()
  }

  async #run(): Promise<void> {
    let failure: unknown = null
    try {
      this.#clients = await this.#open()
      this.#setState('rebalancing')
      while (this.#stop === null) await this.#once(this.#clients)
      this.#setState('stopping')
      await this.#closeTasks(this.#clients)
    } catch (error) {
      if (!this.#cut.signal.aborted) failure = error
      this.#setState('stopping')
    }
    await this.#close(failure !== null)
    this.#setState('stopped')
    if (failure !== null) throw this.#described(failure)
  }

  async #once(clients: WorkerClients): Promise<void> {
    try {
      await clients.loop.once()
      this.#failingSinceMs = null
      this.#setState(clients.member.identity !== null && clients.tasks.isSettled ? 'running' : 'rebalancing')
      this.#watch.maybeLook()
      this.#summary.maybeLog(this)
      const probeAtMs = this.#assignment?.nextRebalanceMs ?? Number.POSITIVE_INFINITY
      if (this.#app.around.clock.nowMs() >= probeAtMs && !clients.member.isRebalancing) {
        clients.member.requestRejoin('a look at copies that are being built')
      }
    } catch (error) {
      await this.#react(error, clients)
    }
  }

  async #react(error: unknown, clients: WorkerClients): Promise<void> {
    const { logger, clock, timers } = this.#app.around
    const reason = error instanceof Error ? error.message : String(error)
    if (error instanceof TaskMigratedError) {
      this.#warnLost(reason)
      await this.#lost(clients)
      clients.member.requestRejoin('tasks were lost')
      return
    }
    const isGone = this.#watch.isGoneMatch(error)
    if (isGone && !clients.member.isRebalancing) clients.member.requestRejoin('a topic of a pattern is gone')
    const isDamage = error instanceof TaskCorruptedError
    const passes = isGone || isDamage || error instanceof RetriableError || error instanceof TransactionAbortedError
    const nowMs = monotonicMs(clock)
    this.#failingSinceMs ??= nowMs
    if (this.#cut.signal.aborted || !passes || nowMs - this.#failingSinceMs > this.#app.options.taskTimeoutMs)
      throw error
    logger.warn(isDamage ? 'damaged state is removed and restored' : 'tried again after an error', {
      worker: this.name,
      reason,
    })
    if (isDamage) await this.#commitUndamaged()
    const isLost = isDamage || error instanceof TransactionAbortedError || this.#output?.failure != null
    if (isLost) await this.#renew(clients)
    await timers.sleep(backoffMs)
  }

  /**
   * Before a damaged state is removed. At-least-once: the other tasks lose nothing, and nothing is on its way to the
   * changelog from which the damaged one is restored. Exactly-once: the open transaction has records of the damaged task,
   * so it is aborted for all of them.
   */
  async #commitUndamaged(): Promise<void> {
    if (this.#app.options.processingGuarantee === 'exactly-once') return
    try {
      await this.#commit()
    } catch (error) {
      this.#app.around.logger.warn('a damaged state is removed without a commit of the other tasks', {
        worker: this.name,
        reason: String(error),
      })
    }
  }

  /** A new output, and the same tasks from what is committed. */
  async #renew(clients: WorkerClients): Promise<void> {
    if (isPlanted('overlay-kept')) await this.#keepOverlays(clients)
    await clients.tasks.reopenAll(async () => {
      await this.#output?.close()
      this.#output = await this.#openOutput(clients)
    })
  }

  /** Only when that defect is planted. */
  async #keepOverlays({ tasks }: WorkerClients): Promise<void> {
    const output = outputOf(this.#output)
    for (const held of tasks.running.slice(1)) await writeEngineBatch(held.unit(output.collector), [])
  }

  #warnLost(reason: string): void {
    this.#app.around.logger.warn('tasks belong to others, rejoining', { worker: this.name, reason })
  }

  async #lost(clients: WorkerClients): Promise<void> {
    this.#output?.committer.forget(() => true)
    await clients.tasks.closeAll(false)
    // What is still on its way to changelogs must not arrive after the writes of their new owner.
    await this.#output?.close()
    this.#output = await this.#openOutput(clients)
    this.#assignment = null
  }

  /** The last commit, then a clean close; tasks that belong to others by now are closed without one. */
  async #closeTasks({ tasks }: WorkerClients): Promise<void> {
    try {
      await this.#commit(true)
    } catch (error) {
      const isMinor = this.#cut.signal.aborted || minor.some((kind) => error instanceof kind)
      if (!isMinor) throw error
      this.#app.around.logger.warn('closed without a commit', { worker: this.name, reason: String(error) })
      await tasks.closeAll(false)
      return
    }
    await tasks.closeAll(true)
  }

  /**
   * Commits in the course of the loop. Not while the group rebalances under exactly-once: the generation may be over
   * already, and a refused offset would cost the transaction. Under at-least-once the offsets are owed then.
   */
  async #commitInLoop(): Promise<boolean> {
    const { member } = this.#clients ?? {}
    if (this.#app.options.processingGuarantee === 'exactly-once' && member?.isRebalancing === true) return false
    await this.#commit()
    return true
  }

  async #commit(sync: boolean = false): Promise<void> {
    const { tasks } = this.#clients ?? {}
    const output = this.#output
    if (tasks === undefined || output === null) return
    const sound = tasks.running.filter((held) => held.damage === null)
    const dirty = sound.filter((held) => sync || held.open?.task.commitNeeded === true)
    // What a damaged task has sent is waited for, too.
    if (dirty.length === 0 && !output.committer.owes && sound.length === tasks.running.length) return
    for (const held of dirty) tasks.beginInputs(held)
    const units = dirty.map((held) => held.unit(output.collector))
    const positions = units.flatMap(({ task }) => task.committableOffsets())
    await output.committer.commit(units, { sync })
    if (!output.committer.owes) this.#purge.note(positions)
    this.#purge.maybeRun()
  }

  async #onAssigned(bytes: Uint8Array, { tasks, member }: WorkerClients): Promise<void> {
    const assignment = readAssignment(bytes)
    const { options, topology } = this.#app
    if (assignment.errorCode === assignmentError.topicsMissing) {
      throw new ConfigError('MR_RUNTIME_TOPIC_MISSING', { topics: sourceTopicNames(this.#app).join(', ') })
    }
    if (assignment.errorCode === assignmentError.shutdownRequested) {
      throw new FatalError('MR_RUNTIME_SHUTDOWN_REQUESTED', { applicationId: options.applicationId })
    }
    this.#assignment = assignment
    this.#app.around.logger.info('assigned', {
      worker: this.name,
      active: assignment.active.map(({ name }) => name).join(' '),
      standby: assignment.standby.length,
      subTopologies: topology.subTopologies.length,
    })
    if (await tasks.apply(assignment, async () => this.#commit())) member.requestRejoin('tasks were given up')
  }

  async #open(): Promise<WorkerClients> {
    const clients: WorkerClients = await openClients(this.#app, this.index, {
      output: () => outputOf(this.#output),
      commit: async () => this.#commitInLoop(),
      onAssigned: async (assignment) => this.#onAssigned(assignment, clients),
      onLost: async (reason) => {
        this.#warnLost(reason.message)
        if (!isPlanted('lease-of-member')) await this.#lost(clients)
      },
      joining: () => ({ join: this.#joins++, shutdownRequested: this.#shutdownRequested }),
    })
    this.#clients = clients
    this.#output = await this.#openOutput(clients)
    return clients
  }

  async #openOutput({ produceCluster, member }: WorkerClients): Promise<WorkerOutput> {
    return openOutput({
      app: this.#app,
      cluster: produceCluster,
      member,
      workerIndex: this.index,
      signal: this.#cut.signal,
    })
  }

  /** A worker that failed leaves the group, so that its tasks go to others at once. */
  async #close(failed: boolean): Promise<void> {
    const clients = this.#clients
    if (clients === null) return
    const send = failed ? this.#app.options.groupInstanceId === null : (this.#stop?.leaveGroup ?? false)
    await clients.tasks.closeAll(false)
    await clients.reader.close()
    await clients.member.leave({ send, reason: failed ? 'the worker failed' : 'the application closes' })
    await (this.#cut.signal.aborted ? this.#output?.close() : this.#output?.retire())
    await clients.close()
  }

  #setState(state: WorkerState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState()
  }

  #described(failure: unknown): StreamsError {
    if (failure instanceof StreamsError) return failure
    const reason = failure instanceof Error ? failure.message : String(failure)
    return new FatalError('MR_RUNTIME_WORKER', { worker: this.name, reason }, { cause: failure })
  }
}

/** Names of source topics of the user, for texts. */
function sourceTopicNames(app: AppContext): string[] {
  const { topology, options } = app
  const names = topology.subTopologies.flatMap((sub) => sub.sourceTopics)
  const patterns = [...patternTopics(app, []).keys()]
  return [...names.filter((name) => topology.topicName(name, options.applicationId) === name), ...patterns]
}

function outputOf(output: WorkerOutput | null): WorkerOutput {
  if (output === null) throw new FatalError('MR_RUNTIME_CLOSED', { what: 'The worker' })
  return output
}
