/**
 * Metrics are counters that are pulled: nothing is measured per record, a snapshot reads what the parts count anyway.
 * Names and groups are Kafka Streams' own; tags name client, worker and task.
 */
import type { AppState } from './life-cycle.ts'
import type { Worker } from './worker/worker.ts'

/** One value at one moment. */
export interface Metric {
  /** Kafka's name, e.g. `process-total`. */
  readonly name: string
  /** Kafka's group, e.g. `stream-thread-metrics`. */
  readonly group: string
  readonly tags: Readonly<Record<string, string>>
  readonly value: number | string
}

const client = 'stream-metrics'
const thread = 'stream-thread-metrics'
const task = 'stream-task-metrics'
const updater = 'stream-state-updater-metrics'

/** Everything that is counted now. */
export function metricsOf(
  app: {
    readonly applicationId: string
    readonly clientId: string
    readonly state: AppState
    readonly failedWorkers: number
  },
  workers: readonly Worker[],
): Metric[] {
  const tags = { 'client-id': app.clientId }
  const metrics: Metric[] = [
    { name: 'application-id', group: client, tags, value: app.applicationId },
    { name: 'state', group: client, tags, value: app.state },
    { name: 'alive-stream-threads', group: client, tags, value: workers.length },
    { name: 'failed-stream-threads', group: client, tags, value: app.failedWorkers },
  ]
  for (const worker of workers) metrics.push(...workerMetrics(worker))
  return metrics
}

function workerMetrics(worker: Worker): Metric[] {
  const tags = { 'thread-id': worker.name }
  const { counters, tasks, output } = worker
  if (counters === null || tasks === null) return []
  const of = (name: string, value: number, group: string = thread): Metric => ({ name, group, tags, value })
  const metrics = [
    of('process-total', counters.records),
    of('poll-total', counters.polls),
    of('punctuate-total', counters.punctuations),
    of('commit-total', counters.commits),
    of('task-created-total', tasks.created),
    of('task-closed-total', tasks.closed),
    of('restore-records-total', worker.recordsRestored, updater),
    of('records-sent-total', output?.collector.recordsSent ?? 0),
  ]
  for (const { name, open, readiness, inputs } of tasks.running) {
    if (open === null) continue
    const taskTags = { ...tags, 'task-id': name }
    const buffered = inputs.reduce((sum, input) => sum + open.task.buffered(input.topic, input.partition), 0)
    metrics.push(
      { name: 'enforced-processing-total', group: task, tags: taskTags, value: readiness.enforced },
      { name: 'active-buffer-count', group: task, tags: taskTags, value: buffered },
      { name: 'uncommitted-bytes', group: task, tags: taskTags, value: open.task.pinnedBytes },
    )
    for (const [counter, value] of open.counters.entries()) {
      metrics.push({ name: counter, group: task, tags: taskTags, value })
    }
  }
  return metrics
}
