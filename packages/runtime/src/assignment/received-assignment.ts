/** What a member reads in its assignment: its tasks with their inputs, and what the leader says to all. */
import { FatalError, formatTaskId, type TaskId, type TopicPartition } from '@millrace/core'
import { decodeMemberAssignment } from '@millrace/protocol/internal'
import { decodeAssignmentInfo, type HostPartitions } from './codec/assignment-info.ts'
import { comparePartitions } from './leader.ts'

/** An active task that was given to this worker. */
export interface AssignedTask {
  readonly id: TaskId
  readonly name: string
  readonly inputs: readonly TopicPartition[]
}

export interface ReceivedAssignment {
  readonly active: readonly AssignedTask[]
  readonly standby: readonly TaskId[]
  /** One of `assignmentError`. */
  readonly errorCode: number
  /** When to rejoin, ms since the epoch; Infinity = not by itself. */
  readonly nextRebalanceMs: number
  readonly partitionsByHost: readonly HostPartitions[]
  readonly standbyPartitionsByHost: readonly HostPartitions[]
}

/**
 * Reads an assignment; no bytes at all are an assignment of nothing.
 *
 * @throws {MR_PROTOCOL_DECODE} tasks and partitions do not correspond, or the bytes are none
 */
export function readAssignment(bytes: Uint8Array): ReceivedAssignment {
  const { partitions, userData } = decodeMemberAssignment(bytes)
  if (userData === null || userData.length === 0) return nothing
  const info = decodeAssignmentInfo(userData)
  const sorted = partitions.toSorted(comparePartitions)
  if (sorted.length !== info.activeTasks.length) {
    const reason = `${sorted.length} partitions for ${info.activeTasks.length} tasks`
    const details = { message: 'AssignmentInfo', version: info.version, position: 0, length: userData.length, reason }
    throw new FatalError('MR_PROTOCOL_DECODE', details)
  }
  const active = new Map<string, { id: TaskId; name: string; inputs: TopicPartition[] }>()
  for (const [i, input] of sorted.entries()) {
    const id = info.activeTasks[i] as TaskId
    const name = formatTaskId(id)
    const task = active.get(name)
    if (task === undefined) active.set(name, { id, name, inputs: [input] })
    else task.inputs.push(input)
  }
  const { errorCode, nextRebalanceMs, partitionsByHost, standbyPartitionsByHost } = info
  const standby = info.standbyTasks.map(({ task }) => task)
  return {
    active: [...active.values()],
    standby,
    errorCode,
    nextRebalanceMs,
    partitionsByHost,
    standbyPartitionsByHost,
  }
}

const nothing: ReceivedAssignment = {
  active: [],
  standby: [],
  errorCode: 0,
  nextRebalanceMs: Number.POSITIVE_INFINITY,
  partitionsByHost: [],
  standbyPartitionsByHost: [],
}
