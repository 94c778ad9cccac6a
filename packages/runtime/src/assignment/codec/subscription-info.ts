/**
 * What a member of a Kafka Streams application tells the leader: user data of its subscription in the classic protocol.
 *
 * Versions 1–11 as in Kafka 4.3 (`SubscriptionInfoData.json`). Before 7, tasks are two lists (running before, standby);
 * from 7 on each has its offset sum: how much of its changelogs this member has, −2 = running active, −3 = unknown.
 * Version 9 (2.8) is the newest a rolling upgrade from old releases meets; new members write 11.
 */
import { FatalError, type TaskId } from '@millrace/core'
import { decodeUtf8, encodeUtf8, inBucketOrder } from '@millrace/core/internal'
import { decodeMessage, encodeMessage, type MessageSchema } from '@millrace/protocol/internal'

/** Newest version we write and read. */
export const subscriptionInfoVersion = 11
/** Offset sum of a task that runs as active on this member. */
export const runningActive = -2
/** Offset sum that the member does not know. */
export const unknownOffsetSum = -3

/** A task and how much of its state the member has, in records of all its changelogs together. */
export interface TaskOffsetSum {
  readonly task: TaskId
  readonly offsetSum: number
}

/** Fields that a version does not carry are ignored when written and have these defaults when read. */
export interface SubscriptionInfo {
  readonly version: number
  /** −1 before version 3. */
  readonly latestSupportedVersion: number
  /** Uuid text of the process, e.g. `c57ef874-3a6c-883e-5bfd-9e293d968d30`. */
  readonly processId: string
  /** `host:port` for interactive queries, or null. */
  readonly userEndPoint: string | null
  readonly taskOffsetSums: readonly TaskOffsetSum[]
  /** Changes with every join, so that the broker sees new metadata (KAFKA-9979). Signed byte. */
  readonly uniqueField: number
  /** 0 none, 1 shutdown requested (KIP-663). */
  readonly errorCode: number
  /** For rack-aware standbys (KIP-708). */
  readonly clientTags: ReadonlyMap<string, string>
}

interface WireTask {
  readonly topicGroupId: number
  readonly partition: number
}

interface WireBody {
  readonly version: number
  readonly latestSupportedVersion: number
  readonly processId: string
  readonly prevTasks: readonly WireTask[]
  readonly standbyTasks: readonly WireTask[]
  readonly userEndPoint: Uint8Array
  readonly taskOffsetSums: readonly WireOffsetSum[]
  readonly uniqueField: number
  readonly errorCode: number
  readonly clientTags: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
}

interface WireOffsetSum extends WireTask {
  readonly offsetSum: bigint
  readonly namedTopology: string | null
  readonly partitionToOffsetSum: readonly { readonly partition: number; readonly offsetSum: bigint }[]
}

const schema: MessageSchema<WireBody> = {
  name: 'SubscriptionInfo',
  versions: '1-11',
  flexible: 'none',
  fields: [
    ['version', 'int32', '1+'],
    ['latestSupportedVersion', 'int32', '3+', { default: -1, ignorable: true }],
    ['processId', 'uuid', '1+'],
    ['prevTasks', taskList(), '1-6'],
    ['standbyTasks', taskList(), '1-6'],
    ['userEndPoint', 'bytes', '2+', { ignorable: true }],
    [
      'taskOffsetSums',
      {
        arrayOf: [
          ['topicGroupId', 'int32', '7+'],
          ['partition', 'int32', '10+'],
          ['offsetSum', 'int64', '10+'],
          ['namedTopology', 'string', '10+', { nullable: '10+', default: null }],
          [
            'partitionToOffsetSum',
            {
              arrayOf: [
                ['partition', 'int32', '7-9'],
                ['offsetSum', 'int64', '7-9'],
              ],
            },
            '7-9',
          ],
        ],
      },
      '7+',
    ],
    ['uniqueField', 'int8', '8+', { ignorable: true }],
    ['errorCode', 'int32', '9+', { ignorable: true }],
    [
      'clientTags',
      {
        arrayOf: [
          ['key', 'bytes', '11+'],
          ['value', 'bytes', '11+'],
        ],
      },
      '11+',
      { ignorable: true },
    ],
  ],
}

/**
 * Bytes of the user data; equal infos have equal bytes. Tasks are sorted, except where Java's bytes follow from the order
 * of its hash sets (before version 10): there in that order.
 */
export function encodeSubscriptionInfo(info: SubscriptionInfo): Uint8Array {
  const { version } = info
  const sums = info.taskOffsetSums.toSorted((a, b) => compareTasks(a.task, b.task))
  return encodeMessage(schema, version, {
    version,
    latestSupportedVersion: info.latestSupportedVersion,
    processId: toBase64Uuid(info.processId),
    userEndPoint: encodeUtf8(info.userEndPoint ?? ''),
    uniqueField: info.uniqueField,
    errorCode: info.errorCode,
    clientTags: Array.from(info.clientTags, ([key, value]) => ({ key: encodeUtf8(key), value: encodeUtf8(value) })),
    ...(version < 7 ? taskLists(sums) : { taskOffsetSums: version < 10 ? bySubTopology(sums) : sums.map(toWire) }),
  })
}

/**
 * Reads the user data. Of a version newer than ours only `version` and `latestSupportedVersion` are read: the leader
 * answers such a member with the version both know ("version probing").
 *
 * @throws {MR_PROTOCOL_DECODE} the bytes are none
 */
export function decodeSubscriptionInfo(bytes: Uint8Array): SubscriptionInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const version = bytes.length < 8 ? 0 : view.getInt32(0)
  if (version > subscriptionInfoVersion) return futureInfo(version, view.getInt32(4))
  if (version < 1) throw unreadable(version, bytes.length)
  const body = decodeMessage(schema, version, bytes)
  return {
    version,
    latestSupportedVersion: body.latestSupportedVersion,
    processId: toUuidText(body.processId),
    userEndPoint: body.userEndPoint.length === 0 ? null : decodeUtf8(body.userEndPoint),
    taskOffsetSums: version < 7 ? fromLists(body) : body.taskOffsetSums.flatMap((sum) => fromWire(sum, version)),
    uniqueField: body.uniqueField,
    errorCode: body.errorCode,
    clientTags: new Map(body.clientTags.map(({ key, value }) => [decodeUtf8(key), decodeUtf8(value)])),
  }
}

function taskList(): { readonly arrayOf: readonly (readonly [string, 'int32', string])[] } {
  return {
    arrayOf: [
      ['topicGroupId', 'int32', '1-6'],
      ['partition', 'int32', '1-6'],
    ],
  }
}

function compareTasks(a: TaskId, b: TaskId): number {
  return a.subTopology - b.subTopology || a.partition - b.partition
}

function wireTask(task: TaskId): WireTask {
  return { topicGroupId: task.subTopology, partition: task.partition }
}

function taskLists(sums: readonly TaskOffsetSum[]): Pick<WireBody, 'prevTasks' | 'standbyTasks'> {
  const isActive = (sum: TaskOffsetSum): boolean => sum.offsetSum === runningActive
  return {
    prevTasks: taskSet(sums.filter(isActive)),
    standbyTasks: taskSet(sums.filter((sum) => !isActive(sum))),
  }
}

function taskSet(sums: readonly TaskOffsetSum[]): WireTask[] {
  const tasks = sums.map((sum) => sum.task)
  return inBucketOrder(tasks, taskHash).map(wireTask)
}

/** `TaskId.hashCode()`: Objects.hash(sub-topology, partition, null). */
function taskHash({ subTopology, partition }: TaskId): number {
  return Math.imul(Math.imul(31 + subTopology, 31) + partition, 31)
}

function toWire({ task, offsetSum }: TaskOffsetSum): Partial<WireOffsetSum> {
  return { ...wireTask(task), offsetSum: BigInt(offsetSum), namedTopology: null }
}

function bySubTopology(sums: readonly TaskOffsetSum[]): Partial<WireOffsetSum>[] {
  const groups = new Map<number, { partition: number; offsetSum: bigint }[]>()
  for (const { task, offsetSum } of sums) {
    const group = groups.get(task.subTopology)
    const entry = { partition: task.partition, offsetSum: BigInt(offsetSum) }
    if (group === undefined) groups.set(task.subTopology, [entry])
    else group.push(entry)
  }
  const inOrder = inBucketOrder([...groups], ([subTopology]) => subTopology)
  return inOrder.map(([topicGroupId, partitionToOffsetSum]) => ({ topicGroupId, partitionToOffsetSum }))
}

function fromLists(body: WireBody): TaskOffsetSum[] {
  const toSum =
    (offsetSum: number) =>
    (task: WireTask): TaskOffsetSum => ({
      task: { subTopology: task.topicGroupId, partition: task.partition },
      offsetSum,
    })
  return [...body.prevTasks.map(toSum(runningActive)), ...body.standbyTasks.map(toSum(unknownOffsetSum))]
}

function fromWire(sum: WireOffsetSum, version: number): TaskOffsetSum[] {
  const subTopology = sum.topicGroupId
  if (version >= 10) return [{ task: { subTopology, partition: sum.partition }, offsetSum: Number(sum.offsetSum) }]
  return sum.partitionToOffsetSum.map(({ partition, offsetSum }) => ({
    task: { subTopology, partition },
    offsetSum: Number(offsetSum),
  }))
}

function futureInfo(version: number, latestSupportedVersion: number): SubscriptionInfo {
  const processId = '00000000-0000-0000-0000-000000000000'
  const nothing = { userEndPoint: null, taskOffsetSums: [], uniqueField: 0, errorCode: 0, clientTags: new Map() }
  return { version, latestSupportedVersion, processId, ...nothing }
}

function unreadable(version: number, length: number): FatalError<'MR_PROTOCOL_DECODE'> {
  const reason = 'no version of Kafka Streams user data'
  return new FatalError('MR_PROTOCOL_DECODE', { message: 'SubscriptionInfo', version, position: 0, length, reason })
}

function toBase64Uuid(text: string): string {
  return Buffer.from(text.replaceAll('-', ''), 'hex').toString('base64url')
}

function toUuidText(base64url: string): string {
  const hex = Buffer.from(base64url, 'base64url').toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
