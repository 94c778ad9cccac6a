/**
 * What a worker tells the leader when it joins, and what the leader makes of it: bytes of Kafka Streams' own format, so
 * that the group's tools read them and an application may be carried over member by member.
 */
import { formatTopicPartition, type TaskId, type TopicPartition } from '@millrace/core'
import { formatTaskId } from '@millrace/core'
import { decodeMemberSubscription, encodeMemberSubscription } from '@millrace/protocol/internal'
import {
  decodeSubscriptionInfo,
  encodeSubscriptionInfo,
  runningActive,
  type SubscriptionInfo,
  subscriptionInfoVersion,
  unknownOffsetSum,
} from './codec/subscription-info.ts'
import type { ClientView } from './cluster-view.ts'
import type { TaskLayout } from './task-partitions.ts'

/** Error code of a subscription or assignment that asks every member to shut down (KIP-663). */
export const shutdownRequested = 4 as const

/** What a worker says about itself. */
export interface WorkerSubscription {
  /** Uuid text. */
  readonly processId: string
  readonly topics: readonly string[]
  /** Input partitions it holds now, and the generation that gave them; −1 = none. */
  readonly owned: readonly TopicPartition[]
  readonly generationId: number
  readonly applicationServer: string | null
  /** Running active tasks of this worker. */
  readonly running: readonly TaskId[]
  /** State that is behind: tasks of this worker that restore or stand by, and state on disk that nobody holds. */
  readonly offsetSums: readonly { readonly task: TaskId; readonly offsetSum: number }[]
  /** Changes with every join. */
  readonly uniqueField: number
  readonly shutdownRequested: boolean
}

/** Bytes for JoinGroup. */
export function encodeSubscription(worker: WorkerSubscription): Uint8Array {
  const running = worker.running.map((task) => ({ task, offsetSum: runningActive }))
  const userData = encodeSubscriptionInfo({
    version: subscriptionInfoVersion,
    latestSupportedVersion: subscriptionInfoVersion,
    processId: worker.processId,
    userEndPoint: worker.applicationServer,
    taskOffsetSums: [...running, ...worker.offsetSums],
    uniqueField: worker.uniqueField,
    errorCode: worker.shutdownRequested ? shutdownRequested : 0,
    clientTags: new Map(),
  })
  const { topics, owned: ownedPartitions, generationId } = worker
  return encodeMemberSubscription(3, { topics, userData, ownedPartitions, generationId, rackId: null })
}

/** One member as the leader sees it. */
export interface MemberView {
  readonly memberId: string
  readonly info: SubscriptionInfo
  readonly owned: readonly TopicPartition[]
  readonly generationId: number
}

/** @throws {MR_PROTOCOL_DECODE} a member of the group is no Kafka Streams application */
export function decodeSubscription(memberId: string, metadata: Uint8Array): MemberView {
  const { userData, ownedPartitions, generationId } = decodeMemberSubscription(metadata)
  const info = decodeSubscriptionInfo(userData ?? new Uint8Array(0))
  return { memberId, info, owned: ownedPartitions, generationId }
}

/**
 * Who holds each input partition. Of two members that claim one (a zombie and its successor) the later generation has
 * it, and in the same generation nobody (KIP-792).
 */
export function ownersOf(members: readonly MemberView[]): ReadonlyMap<string, string> {
  const claims = new Map<string, { memberId: string | null; generationId: number }>()
  for (const { memberId, generationId, owned } of members) {
    for (const { topic, partition } of owned) {
      const name = formatTopicPartition(topic, partition)
      const claim = claims.get(name)
      if (claim === undefined || generationId > claim.generationId) claims.set(name, { memberId, generationId })
      else if (generationId === claim.generationId) claim.memberId = null
    }
  }
  return new Map([...claims].flatMap(([name, { memberId }]) => (memberId === null ? [] : [[name, memberId] as const])))
}

/** The processes of the group for the assignor. `endOffsets` null: they could not be asked, so any state counts as full. */
export function clientViews(
  members: readonly MemberView[],
  tasks: readonly TaskLayout[],
  endOffsets: ReadonlyMap<string, number> | null,
): ClientView[] {
  const owners = ownersOf(members)
  const byName = new Map(tasks.map((task) => [task.name, task]))
  const byProcess = new Map<string, MemberView[]>()
  for (const member of members) {
    const workers = byProcess.get(member.info.processId)
    if (workers === undefined) byProcess.set(member.info.processId, [member])
    else workers.push(member)
  }
  return [...byProcess].map(([id, workers]) => {
    const lags = new Map<string, number>()
    const previousActive = new Map<string, Set<string>>()
    const previousStandby = new Map<string, Set<string>>()
    for (const { memberId, info } of workers) {
      const active = tasks.filter((task) =>
        task.inputs.some(({ topic, partition }) => owners.get(formatTopicPartition(topic, partition)) === memberId),
      )
      previousActive.set(memberId, new Set(active.map((task) => task.name)))
      previousStandby.set(memberId, new Set())
      for (const { task, offsetSum } of info.taskOffsetSums) {
        const layout = byName.get(formatTaskId(task))
        if (layout === undefined || layout.changelogs.length === 0) continue
        if (previousActive.get(memberId)?.has(layout.name) !== true) previousStandby.get(memberId)?.add(layout.name)
        const lag = lagOf(offsetSum, layout, endOffsets)
        lags.set(layout.name, Math.min(lag, lags.get(layout.name) ?? Number.POSITIVE_INFINITY))
      }
    }
    // Without state all of the changelog is missing; where that is little, it can take over at once.
    if (endOffsets !== null) {
      for (const task of tasks) {
        if (task.changelogs.length > 0 && !lags.has(task.name)) lags.set(task.name, endOf(task, endOffsets))
      }
    }
    return { id, workers: workers.map((w) => w.memberId).toSorted(), previousActive, previousStandby, lags }
  })
}

function lagOf(offsetSum: number, task: TaskLayout, endOffsets: ReadonlyMap<string, number> | null): number {
  if (offsetSum === runningActive || endOffsets === null) return 0
  const end = endOf(task, endOffsets)
  // State that claims more than there is belongs to another life of the topic.
  return offsetSum === unknownOffsetSum || offsetSum > end ? end : end - offsetSum
}

function endOf(task: TaskLayout, endOffsets: ReadonlyMap<string, number>): number {
  return task.changelogs.reduce(
    (sum, { topic, partition }) => sum + (endOffsets.get(formatTopicPartition(topic, partition)) ?? 0),
    0,
  )
}
