/** What group members tell each other, for the table of `wire-serde.ts`. */
import type { TaskId, TopicPartition } from '@millrace/core'
import {
  decodeMemberAssignment,
  decodeMemberSubscription,
  encodeMemberAssignment,
  encodeMemberSubscription,
} from '@millrace/protocol/internal'
import {
  type AssignmentInfo,
  decodeAssignmentInfo,
  decodeSubscriptionInfo,
  encodeAssignmentInfo,
  encodeSubscriptionInfo,
  type HostPartitions,
  type SubscriptionInfo,
} from '@millrace/runtime/internal'
import { hexOf, isObject, type Json, type JsonObject, listAt, nullableBytesOf, objectAt, textAt } from './wire-case.ts'
import type { WireCodec } from './wire-serde.ts'

/** Java's Long.MAX_VALUE: never. */
const longMax = '9223372036854775807'

/** The user data and protocol messages by their names in the vectors. */
export const members: Readonly<Record<string, WireCodec>> = {
  ConsumerProtocolSubscription: {
    write: (input) =>
      encodeMemberSubscription(Number(input['version']), {
        topics: listAt(input, 'topics') as readonly string[],
        userData: nullableBytesOf(input['userData']),
        ownedPartitions: input['ownedPartitions'] === undefined ? [] : partitionsFrom(listAt(input, 'ownedPartitions')),
        generationId: Number(input['generationId'] ?? -1),
        rackId: (input['rackId'] ?? null) as string | null,
      }),
    read: (bytes, input) => {
      const { topics, userData, ownedPartitions, generationId, rackId } = decodeMemberSubscription(bytes)
      const version = Number(input['version'])
      return {
        version: bytes[1]!,
        userData: hexOf(userData),
        topics,
        ...(version >= 1 ? { ownedPartitions: partitionsTo(ownedPartitions) } : {}),
        ...(version >= 2 ? { generationId } : {}),
        ...(version >= 3 ? { rackId } : {}),
      }
    },
  },
  ConsumerProtocolAssignment: {
    write: (input) =>
      encodeMemberAssignment(Number(input['version']), {
        partitions: partitionsFrom(listAt(input, 'partitions')),
        userData: nullableBytesOf(input['userData']),
      }),
    read: (bytes) => {
      const { partitions, userData } = decodeMemberAssignment(bytes)
      return { version: bytes[1]!, userData: hexOf(userData), partitions: partitionsTo(partitions) }
    },
  },
  'Streams.SubscriptionInfo': {
    write: (input) => encodeSubscriptionInfo(subscriptionFrom(input)),
    read: (bytes, input) => ({ ...input, ...subscriptionTo(decodeSubscriptionInfo(bytes)) }),
  },
  'Streams.AssignmentInfo': {
    write: (input) => encodeAssignmentInfo(assignmentFrom(input)),
    read: (bytes, input) => ({ ...input, ...assignmentTo(decodeAssignmentInfo(bytes)) }),
  },
}

function subscriptionFrom(input: JsonObject): SubscriptionInfo {
  const sums = Object.entries(objectAt(input, 'taskOffsetSums'))
  const tags = Object.entries(objectAt(input, 'clientTags'))
  return {
    version: Number(input['version']),
    latestSupportedVersion: Number(input['latestSupportedVersion']),
    processId: textAt(input, 'processId'),
    userEndPoint: input['userEndPoint'] as string | null,
    taskOffsetSums: sums.map(([task, sum]) => ({ task: taskFrom(task), offsetSum: Number(sum) })),
    uniqueField: Number(input['uniqueField']),
    errorCode: Number(input['errorCode']),
    clientTags: new Map(tags.map(([key, value]) => [key, value as string])),
  }
}

/** Only what the version carries, so that the rest is taken from the input. */
function subscriptionTo(info: SubscriptionInfo): JsonObject {
  const { version } = info
  const isActive = (sum: { readonly offsetSum: number }): boolean => sum.offsetSum === -2
  const tasks = (sums: SubscriptionInfo['taskOffsetSums']): Json => sums.map(({ task }) => taskTo(task)).toSorted()
  const sums = info.taskOffsetSums.map(({ task, offsetSum }): [string, Json] => [taskTo(task), String(offsetSum)])
  return {
    version,
    processId: info.processId,
    prevTasks: tasks(info.taskOffsetSums.filter(isActive)),
    standbyTasks: tasks(info.taskOffsetSums.filter((sum) => !isActive(sum))),
    ...(version >= 2 ? { userEndPoint: info.userEndPoint } : {}),
    ...(version >= 3 ? { latestSupportedVersion: info.latestSupportedVersion } : {}),
    ...(version >= 7 ? { taskOffsetSums: Object.fromEntries(sums) } : {}),
    ...(version >= 8 ? { uniqueField: info.uniqueField } : {}),
    ...(version >= 9 ? { errorCode: info.errorCode } : {}),
    ...(version >= 11 ? { clientTags: Object.fromEntries(info.clientTags) } : {}),
  }
}

function assignmentFrom(input: JsonObject): AssignmentInfo {
  const standbys = Object.entries(objectAt(input, 'standbyTasks'))
  const next = input['nextRebalanceMs']
  return {
    version: Number(input['version']),
    commonlySupportedVersion: Number(input['commonlySupportedVersion']),
    activeTasks: listAt(input, 'activeTasks').map((task) => taskFrom(task as string)),
    standbyTasks: standbys.map(([task, texts]) => ({ task: taskFrom(task), partitions: fromTexts(texts) })),
    partitionsByHost: hostsFrom(objectAt(input, 'partitionsByHost')),
    standbyPartitionsByHost: hostsFrom(objectAt(input, 'standbyPartitionsByHost')),
    errorCode: Number(input['errorCode']),
    nextRebalanceMs: next === longMax ? Infinity : Number(next),
  }
}

/** Only what the version carries, so that the rest is taken from the input. */
function assignmentTo(info: AssignmentInfo): JsonObject {
  const { version, nextRebalanceMs } = info
  const standbys = info.standbyTasks.map(({ task, partitions }): [string, Json] => [taskTo(task), toTexts(partitions)])
  return {
    version,
    activeTasks: info.activeTasks.map(taskTo),
    standbyTasks: Object.fromEntries(standbys),
    ...(version >= 2 ? { partitionsByHost: hostsTo(info.partitionsByHost) } : {}),
    ...(version >= 3 ? { commonlySupportedVersion: info.commonlySupportedVersion } : {}),
    ...(version >= 4 ? { errorCode: info.errorCode } : {}),
    ...(version >= 6 ? { standbyPartitionsByHost: hostsTo(info.standbyPartitionsByHost) } : {}),
    ...(version >= 7 ? { nextRebalanceMs: nextRebalanceMs === Infinity ? longMax : String(nextRebalanceMs) } : {}),
  }
}

function hostsFrom(json: JsonObject): HostPartitions[] {
  return Object.entries(json).map(([name, texts]) => {
    const colon = name.lastIndexOf(':')
    return { host: { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) }, partitions: fromTexts(texts) }
  })
}

function hostsTo(hosts: readonly HostPartitions[]): JsonObject {
  return Object.fromEntries(hosts.map(({ host, partitions }) => [`${host.host}:${host.port}`, toTexts(partitions)]))
}

/** Partitions as text `topic-3`. */
function fromTexts(texts: Json): TopicPartition[] {
  return (texts as readonly string[]).map((text) => {
    const dash = text.lastIndexOf('-')
    return { topic: text.slice(0, dash), partition: Number(text.slice(dash + 1)) }
  })
}

function toTexts(partitions: readonly TopicPartition[]): Json {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`)
}

function partitionsFrom(json: readonly Json[]): TopicPartition[] {
  return json.filter(isObject).map((one) => ({ topic: textAt(one, 'topic'), partition: Number(one['partition']) }))
}

function partitionsTo(partitions: readonly TopicPartition[]): Json {
  return partitions.map(({ topic, partition }) => ({ topic, partition }))
}

function taskFrom(text: string): TaskId {
  const [subTopology, partition] = text.split('_')
  return { subTopology: Number(subTopology), partition: Number(partition) }
}

function taskTo(task: TaskId): string {
  return `${task.subTopology}_${task.partition}`
}
