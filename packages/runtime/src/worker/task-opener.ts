/**
 * Opens a task: engine, graph, changelogs, live indexes. Runs beside the loop, for many tasks at a time; what is slow in it
 * (another worker still holds the engine, a long restore) keeps no running task waiting.
 *
 * A damaged or outdated state is removed and restored from the start, once. What may pass (no leader, no broker) is tried
 * again until `task.timeout.ms`.
 */
import { FatalError, RetriableError, StreamsError, TaskCorruptedError } from '@millrace/core'
import { memoryEngine } from '@millrace/core/internal'
import { fetchCommittedOffsets, monotonicMs, type Cluster } from '@millrace/protocol'
import { silenceWhile } from '@millrace/protocol/internal'
import type { ChangelogReader } from '../changelog/reader.ts'
import type { HeldEngine } from '../changelog/task-engines.ts'
import type { PartitionPosition } from '../task/ports.ts'
import { Task } from '../task/task.ts'
import { TaskCounters } from '../task/task-counters.ts'
import type { AppContext } from './app-context.ts'
import type { HeldTask, OpenTask } from './held-task.ts'
import type { ProducerCollector } from './producer-collector.ts'
import { layoutOf, taskSettings } from './task-settings.ts'

/** What opening needs of the worker. */
export interface OpenerParts {
  readonly app: AppContext
  readonly reader: ChangelogReader
  readonly collector: ProducerCollector
  /** Of the producer: topics that the task writes must be known before it starts. */
  readonly produceCluster: Cluster
  /** Tasks of this worker now; each has its share of the cache. */
  taskCount(): number
}

/** Waits between attempts after what may pass, ms. */
const retryMs = 200

/**
 * Opens and restores an active task, up to but not including `start`.
 *
 * @returns null when the task was given up meanwhile; nothing is open then
 * @throws what keeps it from opening for good, as FatalError or ConfigError
 */
export async function openActive(held: HeldTask, parts: OpenerParts): Promise<OpenTask | null> {
  const { app } = parts
  const untilMs = monotonicMs(app.around.clock) + app.options.taskTimeoutMs
  for (let rebuilt = false; !held.isClosed;) {
    try {
      return await attempt(held, parts)
    } catch (error) {
      if (held.isClosed) break
      if (error instanceof TaskCorruptedError && !rebuilt) {
        rebuilt = true
        app.around.logger.warn('state is removed and restored from its changelog', {
          task: held.name,
          reason: error.message,
        })
        continue
      }
      if (!(error instanceof RetriableError)) throw error
      if (monotonicMs(app.around.clock) >= untilMs) throw timedOut(held, app, error)
      app.around.logger.warn('opening a task is tried again', { task: held.name, reason: error.message })
      await app.around.timers.sleep(retryMs)
    }
  }
  return null
}

async function attempt(held: HeldTask, parts: OpenerParts): Promise<OpenTask | null> {
  const { app, reader, collector } = parts
  const engine = await app.engines.open(held.name, layoutOf(app.topology, held.id))
  let task: Task | null = null
  try {
    if (held.isClosed) {
      await engine.release()
      return null
    }
    const counters = new TaskCounters()
    await parts.produceCluster.metadata.need(outputsOf(app, held))
    task = createTask(held, { parts, engine, counters })
    held.visible = task
    const committed = await committedPositions(held, app)
    for (const { topic, partition } of task.changelogs()) collector.watch(topic, partition)
    // What the engine holds is in memory before records are applied on top of it, and read again when it is whole.
    await task.load()
    const restored = reader.restore(task, engine.engine)
    silenceWhile(app.around, restored)
    await restored
    await task.load()
    return { task, held: engine, counters, committed }
  } catch (error) {
    held.visible = null
    task?.close(false)
    if (error instanceof TaskCorruptedError) await engine.destroy(error)
    else await engine.release()
    throw error
  }
}

/**
 * Opens a standby task and follows its changelogs until it is given up.
 *
 * @throws as `openActive`
 */
export async function openStandby(held: HeldTask, parts: OpenerParts): Promise<void> {
  const { app, reader } = parts
  for (let rebuilt = false; !held.isClosed;) {
    const engine = await app.engines.open(held.name, layoutOf(app.topology, held.id))
    let task: Task | null = null
    let corrupted: TaskCorruptedError | null = null
    try {
      if (held.isClosed) return
      task = createTask(held, { parts, engine, counters: new TaskCounters() })
      // Queries of stale state see the rows that were here already, and those that expire can be let go.
      await task.load()
      if (held.isClosed) return
      held.visible = task
      held.phase = 'standby'
      await reader.follow(task, engine.engine)
      return
    } catch (error) {
      corrupted = error instanceof TaskCorruptedError ? error : null
      const isGivenUp = error instanceof StreamsError && error.code === 'MR_RUNTIME_CLOSED'
      if (isGivenUp) return
      if (!(error instanceof RetriableError) && (corrupted === null || rebuilt)) throw error
      rebuilt ||= corrupted !== null
      app.around.logger.warn('a standby is opened again', { task: held.name, reason: (error as Error).message })
    } finally {
      held.visible = null
      task?.close(false)
      if (corrupted !== null) await engine.destroy(corrupted)
      else await engine.release()
    }
    await app.around.timers.sleep(retryMs)
  }
}

function createTask(
  held: HeldTask,
  with_: { readonly parts: OpenerParts; readonly engine: HeldEngine; readonly counters: TaskCounters },
): Task {
  const { app, collector } = with_.parts
  const { clock, logger } = app.around
  return Task.create({
    topology: app.topology,
    subTopology: held.id.subTopology,
    id: held.id,
    inputs: held.inputs,
    applicationId: app.options.applicationId,
    collector,
    clock,
    logger,
    settings: taskSettings(app, with_.parts.taskCount()),
    handlers: app.options.handlers,
    metrics: with_.counters,
    engine: with_.engine.engine,
    memoryEngine: memoryEngine(held.name),
    globalStores: (name) => app.globalStore(name),
  })
}

async function committedPositions(held: HeldTask, app: AppContext): Promise<PartitionPosition[]> {
  const offsets = await fetchCommittedOffsets(app.adminCluster, app.options.applicationId, held.inputs)
  return offsets.map(({ topic, partition, offset, metadata }) => ({ topic, partition, offset, metadata }))
}

/** Topics that the task writes and whose names are fixed. */
function outputsOf(app: AppContext, held: HeldTask): string[] {
  const sub = app.topology.subTopologies.find(({ id }) => id === held.id.subTopology)
  if (sub === undefined) return []
  const names = [...sub.sinkTopics, ...sub.changelogTopics.map((topic) => topic.name)]
  const { errorsDeadLetterQueueTopicName: deadLetters, applicationId } = app.options
  const real = names.map((name) => app.topology.topicName(name, applicationId))
  return deadLetters === null ? real : [...real, deadLetters]
}

function timedOut(held: HeldTask, app: AppContext, last: Error): FatalError {
  const details = { task: held.name, timeoutMs: app.options.taskTimeoutMs, reason: last.message }
  return new FatalError('MR_RUNTIME_TASK_TIMEOUT', details, { cause: last })
}
