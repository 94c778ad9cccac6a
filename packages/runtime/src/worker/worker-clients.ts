/** Puts the parts of a worker together: connections by role, fetchers, group member, restore reader, tasks, loop. */
import type { StreamsError } from '@millrace/core'
import type { TransportRole } from '@millrace/core/port'
import { Cluster, Fetcher, GroupMember } from '@millrace/protocol'
import { leadAssignment } from '../assignment/leader.ts'
import { encodeSubscription } from '../assignment/subscription.ts'
import { ChangelogReader } from '../changelog/reader.ts'
import type { AppContext } from './app-context.ts'
import { changelogSource } from './changelog-source.ts'
import { leaderCluster } from './leader-cluster.ts'
import { StreamLoop } from './stream-loop.ts'
import { resetPlace, TaskSet } from './task-set.ts'
import type { WorkerOutput } from './worker-output.ts'
import { workerSubscription } from './worker-subscription.ts'

/** What a worker stands on while it runs. */
export interface WorkerClients {
  readonly produceCluster: Cluster
  readonly reader: ChangelogReader
  readonly member: GroupMember
  readonly tasks: TaskSet
  readonly loop: StreamLoop
  /** Closes fetchers and connections; tasks, reader and member are closed before, in their order. */
  close(): Promise<void>
}

/** What the parts ask of the worker. */
export interface WorkerHooks {
  output(): WorkerOutput
  /** Commits in the course of the loop. @returns false when it must wait for the group */
  commit(): Promise<boolean>
  onAssigned(assignment: Uint8Array): Promise<void>
  onLost(reason: StreamsError): Promise<void>
  /** Number of this join, and whether all instances are asked to shut down. */
  joining(): { readonly join: number; readonly shutdownRequested: boolean }
}

/** Opens connections; nothing is sent yet. @param index number of the worker in this process, from 0 */
export async function openClients(app: AppContext, index: number, hooks: WorkerHooks): Promise<WorkerClients> {
  const { options, adminCluster, around } = app
  const groupCluster = await clusterOf(app, 'group')
  const fetchCluster = await clusterOf(app, 'fetch')
  const produceCluster = await clusterOf(app, 'produce')
  const restoreCluster = await clusterOf(app, 'restore')
  const limits = {
    isolation: options.processingGuarantee === 'exactly-once' ? 'read_committed' : 'read_uncommitted',
    maxWaitMs: options.fetchMaxWaitMs,
    minBytes: options.fetchMinBytes,
    maxBytes: options.fetchMaxBytes,
    partitionMaxBytes: options.maxPartitionFetchBytes,
  } as const
  const fetcher = new Fetcher(fetchCluster, {
    ...limits,
    onOutOfRange: (topic, partition) => resetPlace(app, topic, partition),
  })
  const restoreFetcher = new Fetcher(restoreCluster, limits)
  const source = { cluster: restoreCluster, fetcher: restoreFetcher, adminCluster, groupId: options.applicationId }
  const reader = new ChangelogReader(changelogSource(source), {
    logger: around.logger,
    clock: around.clock,
    limitIntervalMs: app.options.commitIntervalMs,
  })
  const tasks: TaskSet = new TaskSet({
    app,
    fetcher,
    reader,
    produceCluster,
    collector: () => hooks.output().collector,
    wake: () => loop.interrupt(),
  })
  const member: GroupMember = memberOf(app, index, {
    cluster: groupCluster,
    hooks,
    parts: () => ({ tasks, reader, member }),
    wake: () => loop.interrupt(),
  })
  const loop: StreamLoop = new StreamLoop({
    app,
    worker: workerName(app, index),
    fetcher,
    tasks,
    output: () => hooks.output(),
    pollGroup: async () => member.poll(),
    commit: async () => hooks.commit(),
  })
  const clusters = [groupCluster, fetchCluster, produceCluster, restoreCluster]
  const close = async (): Promise<void> => {
    await fetcher.close()
    await restoreFetcher.close()
    await Promise.all(clusters.map(async (cluster) => cluster.close()))
  }
  return { produceCluster, reader, member, tasks, loop, close }
}

/** Name of a worker, for people. @param index number of the worker in this process, from 0 */
export function workerName(app: AppContext, index: number): string {
  return `${app.clientId}-worker-${index + 1}`
}

interface MemberParts {
  readonly cluster: Cluster
  readonly hooks: WorkerHooks
  parts(): Pick<WorkerClients, 'tasks' | 'reader' | 'member'>
  wake(): void
}

function memberOf(app: AppContext, index: number, from: MemberParts): GroupMember {
  const { cluster, hooks } = from
  const { options, topology, around } = app
  const leader = leaderCluster(app)
  const member: GroupMember = new GroupMember({
    cluster,
    sideCluster: app.adminCluster,
    groupId: options.applicationId,
    groupInstanceId: options.groupInstanceId === null ? null : `${options.groupInstanceId}-${index + 1}`,
    protocolName: 'stream',
    rebalanceProtocol: 'cooperative',
    sessionTimeoutMs: options.sessionTimeoutMs,
    heartbeatIntervalMs: options.heartbeatIntervalMs,
    pollIntervalMaxMs: options.maxPollIntervalMs,
    subscription: async () => encodeSubscription(await workerSubscription(app, from.parts(), hooks.joining())),
    assign: async (members) =>
      leadAssignment(members, {
        topology,
        applicationId: options.applicationId,
        settings: options,
        cluster: leader,
        logger: around.logger,
        memberId: member.memberId,
        probeAtMs: around.clock.nowMs() + options.probingRebalanceIntervalMs,
      }),
    onAssigned: async (assignment) => hooks.onAssigned(assignment),
    onLost: async (reason) => hooks.onLost(reason),
    onWake: () => from.wake(),
  })
  return member
}

async function clusterOf(app: AppContext, role: TransportRole): Promise<Cluster> {
  const { transport, around, options } = app
  return new Cluster(await transport.open(role), around, { requestTimeoutMs: options.requestTimeoutMs })
}
