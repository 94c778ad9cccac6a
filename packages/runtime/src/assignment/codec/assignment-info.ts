/**
 * What the leader of a Kafka Streams application tells a member: user data of its assignment in the classic protocol.
 *
 * Versions 1–11 as in Kafka 4.3 (`AssignmentInfo.java`), written by hand there and here: no schema exists.
 * ```
 * version int32 │ commonly supported version int32 (3+) │ active tasks │ standby tasks with their changelog partitions
 * │ partitions by host (2–4) or topic dictionary and partitions by host (5+) │ standby partitions by host (6+)
 * │ error code int32 (4+) │ next rebalance int64 (7+)
 * ```
 * A task is sub-topology and partition, from 10 on also a name, which is always empty here (named topologies are gone).
 */
import { FatalError, formatTopicPartition, type TaskId, type TopicPartition } from '@millrace/core'
import { inBucketOrder, javaHash } from '@millrace/core/internal'
import { JavaDataReader, JavaDataWriter } from './java-data.ts'

/** Newest version we write and read. */
export const assignmentInfoVersion = 11

/** Where an instance answers interactive queries. */
export interface HostInfo {
  readonly host: string
  readonly port: number
}

/** A standby task and the changelog partitions it follows. */
export interface StandbyTask {
  readonly task: TaskId
  readonly partitions: readonly TopicPartition[]
}

/** Partitions that an instance holds. */
export interface HostPartitions {
  readonly host: HostInfo
  readonly partitions: readonly TopicPartition[]
}

/** Fields that a version does not carry are ignored when written and have these defaults when read. */
export interface AssignmentInfo {
  readonly version: number
  /** −1 before version 3. */
  readonly commonlySupportedVersion: number
  readonly activeTasks: readonly TaskId[]
  readonly standbyTasks: readonly StandbyTask[]
  readonly partitionsByHost: readonly HostPartitions[]
  readonly standbyPartitionsByHost: readonly HostPartitions[]
  /** 0 none, 1 incomplete source topic metadata, 2 version probing, 3 assignment error, 4 shutdown requested. */
  readonly errorCode: number
  /** When the member should rejoin, ms since the epoch; Infinity = not by itself. */
  readonly nextRebalanceMs: number
}

/** Bytes of the user data, in the order of the lists given; topics are numbered in the order that Java's hash sets give. */
export function encodeAssignmentInfo(info: AssignmentInfo): Uint8Array {
  const { version } = info
  const writer = new JavaDataWriter()
  writer.int32(version)
  if (version >= 3) writer.int32(info.commonlySupportedVersion)
  writer.int32(info.activeTasks.length)
  for (const task of info.activeTasks) writeTask(writer, task, version)
  writer.int32(info.standbyTasks.length)
  for (const { task, partitions } of info.standbyTasks) {
    writeTask(writer, task, version)
    writePartitions(writer, partitions)
  }
  if (version >= 2) writeHosts(writer, info)
  if (version >= 4) writer.int32(info.errorCode)
  if (version >= 7) writeNextRebalance(writer, info.nextRebalanceMs)
  return writer.toBytes()
}

/** @throws {MR_PROTOCOL_DECODE} the bytes are none, or of a version newer than ours */
export function decodeAssignmentInfo(bytes: Uint8Array): AssignmentInfo {
  const reader = new JavaDataReader('AssignmentInfo', bytes)
  const version = reader.int32()
  if (version < 1 || version > assignmentInfoVersion) throw unknownVersion(version, bytes.length)
  const commonlySupportedVersion = version >= 3 ? reader.int32() : -1
  const activeTasks = list(reader, 8, () => readTask(reader, version))
  const standbyTasks = list(reader, 12, () => {
    const task = readTask(reader, version)
    return { task, partitions: list(reader, 6, () => ({ topic: reader.text(), partition: reader.int32() })) }
  })
  const hosts = readHosts(reader, version)
  const errorCode = version >= 4 ? reader.int32() : 0
  const nextRebalanceMs = version >= 7 ? reader.int64() : Infinity
  return {
    version,
    commonlySupportedVersion,
    activeTasks,
    standbyTasks,
    ...hosts,
    errorCode,
    nextRebalanceMs: Number.isSafeInteger(nextRebalanceMs) ? nextRebalanceMs : Infinity,
  }
}

function writeTask(writer: JavaDataWriter, task: TaskId, version: number): void {
  writer.int32(task.subTopology)
  writer.int32(task.partition)
  if (version >= 10) writer.int32(0)
}

function writePartitions(writer: JavaDataWriter, partitions: readonly TopicPartition[]): void {
  writer.int32(partitions.length)
  for (const { topic, partition } of partitions) {
    writer.text(topic)
    writer.int32(partition)
  }
}

function writeHosts(writer: JavaDataWriter, info: AssignmentInfo): void {
  const groups = info.version >= 6 ? [info.partitionsByHost, info.standbyPartitionsByHost] : [info.partitionsByHost]
  const numbers = numberTopics(groups.flat().flatMap((host) => host.partitions))
  if (info.version >= 5) {
    writer.int32(numbers.size)
    for (const [topic, number] of inBucketOrder([...numbers], ([name]) => javaHash(name))) {
      writer.int32(number)
      writer.text(topic)
    }
  }
  for (const hosts of groups) {
    writer.int32(hosts.length)
    for (const { host, partitions } of hosts) {
      writer.text(host.host)
      writer.int32(host.port)
      if (info.version < 5) writePartitions(writer, partitions)
      else writeNumbered(writer, partitions, numbers)
    }
  }
}

/** Topics get their numbers as Java's set of all these partitions lists them. */
function numberTopics(partitions: readonly TopicPartition[]): Map<string, number> {
  const distinct = new Map(partitions.map((one) => [formatTopicPartition(one.topic, one.partition), one]))
  const numbers = new Map<string, number>()
  const hashOf = ({ topic, partition }: TopicPartition): number => (Math.imul(31 + partition, 31) + javaHash(topic)) | 0
  for (const { topic } of inBucketOrder([...distinct.values()], hashOf)) {
    if (!numbers.has(topic)) numbers.set(topic, numbers.size)
  }
  return numbers
}

function writeNumbered(
  writer: JavaDataWriter,
  partitions: readonly TopicPartition[],
  numbers: ReadonlyMap<string, number>,
): void {
  writer.int32(partitions.length)
  for (const { topic, partition } of partitions) {
    writer.int32(numbers.get(topic)!)
    writer.int32(partition)
  }
}

/** Java writes Long.MAX_VALUE for "not by itself". */
function writeNextRebalance(writer: JavaDataWriter, nextRebalanceMs: number): void {
  if (Number.isSafeInteger(nextRebalanceMs)) writer.int64(nextRebalanceMs)
  else {
    writer.int32(0x7fff_ffff)
    writer.int32(-1)
  }
}

function readTask(reader: JavaDataReader, version: number): TaskId {
  const task = { subTopology: reader.int32(), partition: reader.int32() }
  if (version >= 10) for (let left = reader.count(2); left > 0; left--) reader.uint16()
  return task
}

function readHosts(
  reader: JavaDataReader,
  version: number,
): Pick<AssignmentInfo, 'partitionsByHost' | 'standbyPartitionsByHost'> {
  const topics = new Map<number, string>()
  if (version >= 5) {
    for (let left = reader.count(6); left > 0; left--) {
      const number = reader.int32()
      topics.set(number, reader.text())
    }
  }
  const topic = version < 5 ? () => reader.text() : () => topics.get(reader.int32()) ?? ''
  const group = (): HostPartitions[] =>
    list(reader, 10, () => {
      const host = { host: reader.text(), port: reader.int32() }
      return { host, partitions: list(reader, 6, () => ({ topic: topic(), partition: reader.int32() })) }
    })
  const partitionsByHost = version >= 2 ? group() : []
  return { partitionsByHost, standbyPartitionsByHost: version >= 6 ? group() : [] }
}

function list<T>(reader: JavaDataReader, eachMin: number, read: () => T): T[] {
  const count = reader.count(eachMin)
  const values: T[] = []
  for (let i = 0; i < count; i++) values.push(read())
  return values
}

function unknownVersion(version: number, length: number): FatalError<'MR_PROTOCOL_DECODE'> {
  const reason = `only versions 1 to ${assignmentInfoVersion} are known`
  return new FatalError('MR_PROTOCOL_DECODE', { message: 'AssignmentInfo', version, position: 0, length, reason })
}
