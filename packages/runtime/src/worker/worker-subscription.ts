/** What a worker tells the leader about itself: topics, what it holds, how much state it has. */
import type { TaskId } from '@millrace/core'
import { type GroupMember, listTopics } from '@millrace/protocol'
import type { WorkerSubscription } from '../assignment/subscription.ts'
import type { ChangelogReader } from '../changelog/reader.ts'
import type { AppContext } from './app-context.ts'
import type { HeldTask } from './held-task.ts'
import { patternTopics } from './leader-cluster.ts'
import type { TaskSet } from './task-set.ts'

/** Parts of the worker that are asked. */
export interface SubscribingWorker {
  readonly tasks: TaskSet
  readonly reader: ChangelogReader
  readonly member: GroupMember
}

/** Asked before each JoinGroup. */
export async function workerSubscription(
  app: AppContext,
  worker: SubscribingWorker,
  round: { readonly join: number; readonly shutdownRequested: boolean },
): Promise<WorkerSubscription> {
  const { topology, options, processId } = app
  const held = [...worker.tasks.all]
  const running = held.filter(({ phase }) => phase === 'running').map(({ id }) => id)
  const sums = await offsetSums(app, worker, held)
  const topics = topology.subTopologies.flatMap((sub) =>
    sub.sourceTopics.map((name) => topology.topicName(name, options.applicationId)),
  )
  const hasPatterns = topology.nodes.some((node) => node.kind === 'source' && node.pattern !== null)
  const matched = hasPatterns
    ? [...patternTopics(app, (await listTopics(app.adminCluster)).keys()).values()].flat()
    : []
  return {
    processId,
    topics: [...new Set([...topics, ...matched])],
    owned: held.filter(({ isStandby }) => !isStandby).flatMap(({ inputs }) => inputs),
    generationId: worker.member.identity?.generationId ?? -1,
    applicationServer: options.applicationServer,
    running,
    offsetSums: [...sums].flatMap(([name, offsetSum]) => {
      const task = taskIdOf(name)
      return task === null ? [] : [{ task, offsetSum }]
    }),
    uniqueField: round.join % 128,
    shutdownRequested: round.shutdownRequested,
  }
}

/**
 * State that lies here and nobody has, and state of own tasks that are not running: as far as restore has come, else as
 * far as the engine was when it was opened. A task that was just assigned and is still opening must not look as if it had
 * no state, or the leader gives it away again.
 */
async function offsetSums(
  app: AppContext,
  worker: SubscribingWorker,
  held: readonly HeldTask[],
): Promise<ReadonlyMap<string, number>> {
  const stored = await app.engines.offsetSums()
  const sums = new Map([...stored].filter(([name]) => !app.engines.isHeld(name)))
  for (const { name, phase } of held) {
    if (phase === 'running') sums.delete(name)
    else sums.set(name, worker.reader.offsetSum(name) ?? stored.get(name) ?? 0)
  }
  return sums
}

/** Null for what is no task's engine (`global`). */
function taskIdOf(name: string): TaskId | null {
  const match = /^(\d+)_(\d+)$/.exec(name)
  return match === null ? null : { subTopology: Number(match[1]), partition: Number(match[2]) }
}
