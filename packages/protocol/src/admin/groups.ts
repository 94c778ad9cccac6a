/** Consumer groups as seen from outside: list, describe, delete, and their offsets. */
import {
  deleteGroups as deleteGroupsApi,
  describeGroups as describeGroupsApi,
  listGroups as listGroupsApi,
  offsetDelete,
} from '../codec/apis.ts'
import { decodeMemberAssignment, decodeMemberSubscription } from '../codec/consumer-protocol.ts'
import { errorCode } from '../codec/error-code.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { assertNoError } from '../cluster/response-error.ts'
import { retry } from '../cluster/retry.ts'
import {
  commitOffsets,
  type CommittedOffset,
  fetchCommittedOffsets,
  type OffsetToCommit,
  outsider,
} from '../group/group-offsets.ts'
import { type AdminOptions, adminTimeoutMs } from './controller-call.ts'

/** A group in a list; `state` is empty from brokers that do not tell. */
export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly state: string
}

/** A member; metadata and assignment are the protocol's own bytes. */
export interface DescribedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly metadata: Uint8Array
  readonly assignment: Uint8Array
}

/** A classic group. `state` is Kafka's word: Stable, Empty, PreparingRebalance, CompletingRebalance, Dead. */
export interface DescribedGroup {
  readonly groupId: string
  readonly state: string
  readonly protocolType: string
  readonly protocolName: string
  readonly members: readonly DescribedMember[]
}

/** All groups: every broker is asked for those it coordinates. */
export async function listGroups(cluster: Cluster, options: AdminOptions = {}): Promise<ListedGroup[]> {
  const timeoutMs = options.timeoutMs ?? adminTimeoutMs
  await cluster.metadata.refresh()
  const lists = await Promise.all(
    cluster.metadata.brokers.map(async ({ nodeId }) =>
      retry(cluster.around, { what: 'ListGroups', timeoutMs }, async () => {
        const response = await cluster.call(nodeId, listGroupsApi, {})
        assertNoError(response.errorCode, { api: 'ListGroups', what: `broker ${nodeId}` })
        return response.groups
      }),
    ),
  )
  return lists.flat().map(({ groupId, protocolType, groupState: state }) => ({ groupId, protocolType, state }))
}

/** One group; a group that does not exist is described as `Dead` with no members. */
export async function describeGroup(
  cluster: Cluster,
  groupId: string,
  options: AdminOptions = {},
): Promise<DescribedGroup> {
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: describeGroupsApi,
    body: { groups: [groupId] },
    codeOf: (sent) => sent.groups[0]?.errorCode ?? 0,
    timeoutMs: options.timeoutMs ?? adminTimeoutMs,
  })
  const group = response.groups[0]
  const code = group?.errorCode ?? 0
  if (group === undefined || code === errorCode.GROUP_ID_NOT_FOUND) {
    return { groupId, state: 'Dead', protocolType: '', protocolName: '', members: [] }
  }
  assertNoError(code, { api: 'DescribeGroups', what: `group "${groupId}"` })
  const { groupState, protocolType, protocolData } = group
  const members = group.members.map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    metadata: member.memberMetadata,
    assignment: member.memberAssignment,
  }))
  return { groupId, state: groupState, protocolType, protocolName: protocolData, members }
}

/** Topics in the subscriptions and assignments of the members of a group of consumers, in no order; each once. */
export async function topicsOfGroup(cluster: Cluster, groupId: string): Promise<string[]> {
  const { protocolType, members } = await describeGroup(cluster, groupId)
  if (protocolType !== 'consumer') return []
  const topics = members.flatMap(({ metadata, assignment }) => [
    ...decodeMemberSubscription(metadata).topics,
    ...decodeMemberAssignment(assignment).partitions.map(({ topic }) => topic),
  ])
  return [...new Set(topics)]
}

/**
 * Deletes a group with its offsets.
 *
 * @throws {MR_PROTOCOL_RESPONSE} NON_EMPTY_GROUP while it has members, GROUP_ID_NOT_FOUND
 */
export async function deleteGroup(cluster: Cluster, groupId: string, options: AdminOptions = {}): Promise<void> {
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: deleteGroupsApi,
    body: { groupsNames: [groupId] },
    codeOf: (sent) => sent.results[0]?.errorCode ?? 0,
    timeoutMs: options.timeoutMs ?? adminTimeoutMs,
  })
  assertNoError(response.results[0]?.errorCode ?? 0, { api: 'DeleteGroups', what: `group "${groupId}"` })
}

/** Offsets of a group, all partitions. */
export async function listGroupOffsets(
  cluster: Cluster,
  groupId: string,
  options: AdminOptions = {},
): Promise<CommittedOffset[]> {
  return fetchCommittedOffsets(cluster, groupId, null, { ...options, requireStable: false })
}

/** Sets offsets of a group that has no members; with members the broker refuses (MR_PROTOCOL_MEMBER_LOST). */
export async function alterGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  options: AdminOptions = {},
): Promise<void> {
  await commitOffsets(cluster, outsider(groupId), offsets, options)
}

/**
 * Deletes offsets of a group for some partitions.
 *
 * @throws {MR_PROTOCOL_RESPONSE} GROUP_SUBSCRIBED_TO_TOPIC while a member reads the topic
 */
export async function deleteGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  options: AdminOptions = {},
): Promise<void> {
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: offsetDelete,
    body: {
      groupId,
      topics: [...groupBy(partitions, ({ topic }) => topic)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
      })),
    },
    codeOf: (sent) => sent.errorCode,
    timeoutMs: options.timeoutMs ?? adminTimeoutMs,
  })
  assertNoError(response.errorCode, { api: 'OffsetDelete', what: `group "${groupId}"` })
  for (const { name, partitions: results } of response.topics) {
    for (const { partitionIndex, errorCode: code } of results) {
      assertNoError(code, { api: 'OffsetDelete', what: `${name}-${partitionIndex} of group "${groupId}"` })
    }
  }
}
