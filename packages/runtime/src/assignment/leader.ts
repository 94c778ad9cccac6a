/**
 * The leader's work in a rebalance: it reads what the members told, plans partitions, creates internal topics, places the
 * tasks and writes each member's assignment.
 *
 * Cooperative: a task that still runs elsewhere is not given to its new place yet. The old place gives it up when it
 * sees its assignment, rejoins, and the next round hands it over.
 */
import { ConfigError, formatTopicPartition, type TopicPartition } from '@millrace/core'
import type { BuiltTopology } from '@millrace/core/internal'
import type { Logger } from '@millrace/core/port'
import { encodeMemberAssignment } from '@millrace/protocol/internal'
import { type PartitionPlan, type PlannedTopic, planPartitions } from '../internal-topic/partition-plan.ts'
import { balance } from './balance.ts'
import type { BalanceSettings } from './cluster-view.ts'
import {
  type AssignmentInfo,
  assignmentInfoVersion,
  encodeAssignmentInfo,
  type HostPartitions,
} from './codec/assignment-info.ts'
import { spread, type WorkerTasks } from './spread.ts'
import { clientViews, decodeSubscription, type MemberView, ownersOf, shutdownRequested } from './subscription.ts'
import { type TaskLayout, taskLayouts } from './task-partitions.ts'

/** Codes in an assignment, as Kafka Streams numbers them. */
export const assignmentError: {
  readonly none: 0
  readonly topicsMissing: 1
  readonly versionProbing: 2
  readonly failed: 3
  readonly shutdownRequested: 4
} = { none: 0, topicsMissing: 1, versionProbing: 2, failed: 3, shutdownRequested }

/** The cluster as the leader needs it. */
export interface LeaderCluster {
  /** Fresh partition counts of the user's topics, and the topics each pattern source reads now. */
  sourceTopics(): Promise<{
    count(topic: string): number | undefined
    readonly patternTopics: ReadonlyMap<string, readonly string[]>
  }>
  /** Creates what is missing and checks what is there. @throws {MR_RUNTIME_INTERNAL_TOPIC} */
  ensureInternalTopics(topics: readonly PlannedTopic[]): Promise<void>
  /** End offset by `topic-partition`; null when they cannot be had now. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number> | null>
}

export interface LeaderOptions {
  readonly topology: BuiltTopology
  readonly applicationId: string
  readonly settings: BalanceSettings
  readonly cluster: LeaderCluster
  readonly logger: Logger
  /** Own member id: this member schedules the next look at copies that are being built. */
  readonly memberId: string
  /** When to look, ms since the epoch. */
  readonly probeAtMs: number
}

/** A member of the group with its JoinGroup metadata. */
export interface JoiningMember {
  readonly memberId: string
  readonly metadata: Uint8Array
}

/**
 * Assignment bytes by member id.
 *
 * Missing source topics and a request to shut down are told to all members instead of tasks; each then acts on it.
 *
 * @throws {MR_RUNTIME_COPARTITION} {MR_RUNTIME_INTERNAL_TOPIC} and what the cluster throws
 */
export async function leadAssignment(
  joining: readonly JoiningMember[],
  options: LeaderOptions,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const members = joining.map(({ memberId, metadata }) => decodeSubscription(memberId, metadata))
  const versions = { used: assignmentInfoVersion, common: assignmentInfoVersion }
  for (const { info } of members) {
    versions.used = Math.min(versions.used, info.version)
    if (info.latestSupportedVersion > 0) versions.common = Math.min(versions.common, info.latestSupportedVersion)
  }
  const refuse = (errorCode: number): ReadonlyMap<string, Uint8Array> =>
    new Map(
      members.map(({ memberId }) => [memberId, encodeAssignment({ ...noTasks, ...stamp(versions), errorCode }, [])]),
    )
  if (members.some(({ info }) => info.errorCode === shutdownRequested)) return refuse(assignmentError.shutdownRequested)
  const planned = await planOrRefuse(options)
  if (planned === null) return refuse(assignmentError.topicsMissing)
  const { plan, tasks } = planned
  await options.cluster.ensureInternalTopics([...plan.repartition, ...plan.changelog])
  const changelogs = tasks.flatMap((task) => task.changelogs)
  const endOffsets = changelogs.length === 0 ? new Map<string, number>() : await options.cluster.endOffsets(changelogs)
  return placed(members, tasks, endOffsets, { options, ...versions })
}

async function planOrRefuse(
  options: LeaderOptions,
): Promise<{ readonly plan: PartitionPlan; readonly tasks: readonly TaskLayout[] } | null> {
  const { topology, applicationId, logger } = options
  const sources = await options.cluster.sourceTopics()
  const { patternTopics } = sources
  try {
    const plan = planPartitions({
      topology,
      applicationId,
      patternTopics,
      partitionCount: (topic) => sources.count(topic),
    })
    return { plan, tasks: taskLayouts(topology, plan, applicationId, patternTopics) }
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'MR_RUNTIME_TOPIC_MISSING') throw error
    logger.error(error.message)
    return null
  }
}

interface Placing {
  readonly options: LeaderOptions
  readonly used: number
  readonly common: number
}

function placed(
  members: readonly MemberView[],
  tasks: readonly TaskLayout[],
  endOffsets: ReadonlyMap<string, number> | null,
  { options, used, common }: Placing,
): ReadonlyMap<string, Uint8Array> {
  const views = clientViews(members, tasks, endOffsets)
  const byName = new Map(tasks.map((task) => [task.name, task]))
  const isStateful = (name: string): boolean => (byName.get(name)?.changelogs.length ?? 0) > 0
  const placable = tasks.map(({ name }) => ({ name, stateful: isStateful(name) }))
  const result = balance(placable, views, options.settings)
  if (result.standbysMissing > 0) {
    options.logger.warn('fewer processes than copies of the state', { missing: result.standbysMissing })
  }
  const workers = new Map<string, WorkerTasks>()
  for (const view of views) {
    const given = result.clients.get(view.id)
    if (given !== undefined) for (const [id, worker] of spread(view, given, isStateful)) workers.set(id, worker)
  }
  const hosts = hostsOf(members, workers, byName)
  const owners = ownersOf(members)
  return new Map(
    members.map(({ memberId }) => {
      const { active, standby } = workers.get(memberId) ?? { active: [], standby: [] }
      const free = active.filter((name) => isFree(byName.get(name), memberId, owners))
      const partitions = free
        .flatMap((name) => (byName.get(name)?.inputs ?? []).map((input) => ({ input, name })))
        .toSorted((a, b) => comparePartitions(a.input, b.input))
      const info: AssignmentInfo = {
        ...stamp({ used, common }),
        activeTasks: partitions.flatMap(({ name }) => byName.get(name)?.id ?? []),
        standbyTasks: standby.flatMap((name) => {
          const task = byName.get(name)
          return task === undefined ? [] : [{ task: task.id, partitions: task.changelogs }]
        }),
        ...hosts,
        errorCode: assignmentError.none,
        nextRebalanceMs:
          memberId === options.memberId && result.moving.length > 0 ? options.probeAtMs : Number.POSITIVE_INFINITY,
      }
      return [
        memberId,
        encodeAssignment(
          info,
          partitions.map(({ input }) => input),
        ),
      ]
    }),
  )
}

/** True when no other member still holds a partition of the task. */
function isFree(task: TaskLayout | undefined, memberId: string, owners: ReadonlyMap<string, string>): boolean {
  return (task?.inputs ?? []).every(({ topic, partition }) => {
    const owner = owners.get(formatTopicPartition(topic, partition))
    return owner === undefined || owner === memberId
  })
}

/** Where each input partition can be queried, of the members that named an address. */
function hostsOf(
  members: readonly MemberView[],
  workers: ReadonlyMap<string, WorkerTasks>,
  tasks: ReadonlyMap<string, TaskLayout>,
): Pick<AssignmentInfo, 'partitionsByHost' | 'standbyPartitionsByHost'> {
  const group = (kind: keyof WorkerTasks): HostPartitions[] => {
    const byAddress = new Map<string, TopicPartition[]>()
    for (const { memberId, info } of members) {
      if (info.userEndPoint === null) continue
      const inputs = (workers.get(memberId)?.[kind] ?? []).flatMap((name) => tasks.get(name)?.inputs ?? [])
      byAddress.set(info.userEndPoint, [...(byAddress.get(info.userEndPoint) ?? []), ...inputs])
    }
    return [...byAddress].map(([address, partitions]) => {
      const colon = address.lastIndexOf(':')
      return { host: { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }, partitions }
    })
  }
  return { partitionsByHost: group('active'), standbyPartitionsByHost: group('standby') }
}

const noTasks = {
  activeTasks: [],
  standbyTasks: [],
  partitionsByHost: [],
  standbyPartitionsByHost: [],
  nextRebalanceMs: Number.POSITIVE_INFINITY,
} as const

function stamp(versions: {
  readonly used: number
  readonly common: number
}): Pick<AssignmentInfo, 'version' | 'commonlySupportedVersion'> {
  return { version: versions.used, commonlySupportedVersion: versions.common }
}

function encodeAssignment(info: AssignmentInfo, partitions: readonly TopicPartition[]): Uint8Array {
  return encodeMemberAssignment(1, { partitions, userData: encodeAssignmentInfo(info) })
}

/** The order in which partitions and their tasks correspond: by topic, then by partition (Kafka's PARTITION_COMPARATOR). */
export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition
}
