/**
 * What members of a classic consumer group tell each other inside JoinGroup and SyncGroup (the "consumer" protocol).
 *
 * Shape: version int16, then the message. The broker does not look inside. A newer version than we know is read as the
 * newest we know, as Kafka does: later versions only append fields. Partitions stand grouped by topic on the wire and
 * are a flat list here.
 */
import type { TopicPartition } from '@millrace/core'
import { decodeMessage, encodeMessage } from './api.ts'
import {
  type ConsumerProtocolAssignment,
  consumerProtocolAssignmentSchema,
} from './message/consumer-protocol-assignment.ts'
import {
  type ConsumerProtocolSubscription,
  consumerProtocolSubscriptionSchema,
} from './message/consumer-protocol-subscription.ts'

/** What a member wants and has. `generationId` −1 and `rackId` null: not told. */
export interface MemberSubscription {
  readonly topics: readonly string[]
  readonly userData: Uint8Array | null
  readonly ownedPartitions: readonly TopicPartition[]
  readonly generationId: number
  readonly rackId: string | null
}

/** What a member gets. */
export interface MemberAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly userData: Uint8Array | null
}

const versionMax = 3

/** Bytes of JoinGroup's protocol metadata, versions 0–3; fields the version lacks are left out. */
export function encodeMemberSubscription(version: number, subscription: MemberSubscription): Uint8Array {
  const { topics, userData, ownedPartitions, generationId, rackId } = subscription
  const body: ConsumerProtocolSubscription = {
    topics: topics.toSorted(compareText),
    userData,
    ownedPartitions: byTopic(ownedPartitions.toSorted(comparePartitions)),
    generationId,
    rackId,
  }
  return withVersion(version, encodeMessage(consumerProtocolSubscriptionSchema, version, body))
}

/** @throws {MR_PROTOCOL_DECODE} the bytes are none */
export function decodeMemberSubscription(bytes: Uint8Array): MemberSubscription {
  const version = versionOf(bytes)
  const body = decodeMessage(consumerProtocolSubscriptionSchema, version, bytes, 2)
  return {
    topics: body.topics,
    userData: body.userData,
    ownedPartitions: flat(body.ownedPartitions),
    generationId: body.generationId,
    rackId: body.rackId,
  }
}

/** Bytes of SyncGroup's assignment, versions 0–3 (all alike); topics in the order they first come. */
export function encodeMemberAssignment(version: number, assignment: MemberAssignment): Uint8Array {
  const body: ConsumerProtocolAssignment = {
    assignedPartitions: byTopic(assignment.partitions),
    userData: assignment.userData,
  }
  return withVersion(version, encodeMessage(consumerProtocolAssignmentSchema, version, body))
}

/** No bytes, as a broker sends to a member the leader forgot, are an empty assignment. @throws {MR_PROTOCOL_DECODE} */
export function decodeMemberAssignment(bytes: Uint8Array): MemberAssignment {
  if (bytes.length === 0) return { partitions: [], userData: null }
  const body = decodeMessage(consumerProtocolAssignmentSchema, versionOf(bytes), bytes, 2)
  return { partitions: flat(body.assignedPartitions), userData: body.userData }
}

/** Version a member's bytes are written in, at most the newest we know. */
function versionOf(bytes: Uint8Array): number {
  if (bytes.length < 2) return 0
  return Math.min(((bytes[0]! << 24) >> 16) | bytes[1]!, versionMax)
}

function withVersion(version: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + body.length)
  bytes[0] = version >> 8
  bytes[1] = version
  bytes.set(body, 2)
  return bytes
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const list = topics.get(topic)
    if (list === undefined) topics.set(topic, [partition])
    else list.push(partition)
  }
  return Array.from(topics, ([topic, list]) => ({ topic, partitions: list }))
}

function flat(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}

function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compareText(a.topic, b.topic) || a.partition - b.partition
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
