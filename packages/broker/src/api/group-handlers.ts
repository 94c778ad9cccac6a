/** JoinGroup, SyncGroup, Heartbeat, LeaveGroup, and the group listings. */
import {
  deleteGroups,
  describeGroups,
  errorCode,
  heartbeat,
  joinGroup,
  leaveGroup,
  listGroups,
  syncGroup,
  type DeleteGroupsRequest,
  type DeleteGroupsResponse,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  type HeartbeatRequest,
  type HeartbeatResponse,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type ListGroupsRequest,
  type ListGroupsResponse,
  type MessageInput,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Group, JoinAnswer, SyncAnswer } from '../group/group.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

/** First version in which … a dynamic member needs an id; a leader may skip; the protocol may be null. */
const memberIdRequiredFrom = 4
const skipAssignmentFrom = 9
const protocolNullableFrom = 7
/** LeaveGroup with several members. */
const manyMembersFrom = 3
/** DescribeGroups says that a group does not exist instead of calling it dead. */
const groupNotFoundFrom = 6

/** True when another node coordinates this group. */
export function isElsewhere(state: BrokerState, groupId: string, context: RequestContext): boolean {
  return state.coordinatorOf(groupId).nodeId !== context.nodeId
}

function handleJoin(state: BrokerState, body: JoinGroupRequest, context: RequestContext): Answer<JoinGroupResponse> {
  if (isElsewhere(state, body.groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const answer = state.groups.join({
    groupId: body.groupId,
    memberId: body.memberId,
    groupInstanceId: body.groupInstanceId,
    clientId: context.clientId,
    clientHost: context.session.clientHost,
    sessionTimeoutMs: body.sessionTimeoutMs,
    rebalanceTimeoutMs: body.rebalanceTimeoutMs < 0 ? body.sessionTimeoutMs : body.rebalanceTimeoutMs,
    protocolType: body.protocolType,
    protocols: body.protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
    memberIdRequired: context.version >= memberIdRequiredFrom,
    maySkipAssignment: context.version >= skipAssignmentFrom,
  })
  const write = (joined: JoinAnswer): MessageInput<JoinGroupResponse> => writeJoin(joined, context)
  return answer instanceof Promise ? answer.then(write) : write(answer)
}

function writeJoin(answer: JoinAnswer, context: RequestContext): MessageInput<JoinGroupResponse> {
  const protocolName = answer.protocolName ?? (context.version >= protocolNullableFrom ? null : '')
  return {
    errorCode: answer.error,
    generationId: answer.generation,
    protocolType: answer.protocolType,
    protocolName,
    leader: answer.leader,
    skipAssignment: answer.skipAssignment,
    memberId: answer.memberId,
    members: answer.members,
  }
}

function handleSync(state: BrokerState, body: SyncGroupRequest, context: RequestContext): Answer<SyncGroupResponse> {
  if (isElsewhere(state, body.groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const answer = state.groups.sync({
    groupId: body.groupId,
    memberId: body.memberId,
    groupInstanceId: body.groupInstanceId,
    generation: body.generationId,
    protocolType: body.protocolType,
    protocolName: body.protocolName,
    assignments: new Map(body.assignments.map(({ memberId, assignment }) => [memberId, assignment.slice()])),
  })
  const write = (synced: SyncAnswer): MessageInput<SyncGroupResponse> => ({
    errorCode: synced.error,
    protocolType: synced.protocolType,
    protocolName: synced.protocolName,
    assignment: synced.assignment,
  })
  return answer instanceof Promise ? answer.then(write) : write(answer)
}

function handleHeartbeat(
  state: BrokerState,
  body: HeartbeatRequest,
  context: RequestContext,
): Answer<HeartbeatResponse> {
  if (isElsewhere(state, body.groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const { groupId, memberId, groupInstanceId, generationId: generation } = body
  return { errorCode: state.groups.heartbeat({ groupId, memberId, groupInstanceId, generation }) }
}

function handleLeave(state: BrokerState, body: LeaveGroupRequest, context: RequestContext): Answer<LeaveGroupResponse> {
  const { groupId } = body
  if (isElsewhere(state, groupId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  if (context.version < manyMembersFrom) {
    return { errorCode: state.groups.leave(groupId, { memberId: body.memberId, groupInstanceId: null }) }
  }
  return {
    errorCode: errorCode.NONE,
    members: body.members.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      errorCode: state.groups.leave(groupId, { memberId, groupInstanceId }),
    })),
  }
}

function handleList(state: BrokerState, body: ListGroupsRequest, context: RequestContext): Answer<ListGroupsResponse> {
  const states = new Set(body.statesFilter.map((name) => name.toLowerCase()))
  const types = new Set(body.typesFilter.map((name) => name.toLowerCase()))
  const groups = state.groups
    .all()
    .filter((group) => !isElsewhere(state, group.id, context))
    .filter((group) => states.size === 0 || states.has(group.state.toLowerCase()))
    .filter(() => types.size === 0 || types.has('classic'))
  return {
    errorCode: errorCode.NONE,
    groups: groups.map((group) => ({
      groupId: group.id,
      protocolType: group.protocolType ?? '',
      groupState: group.state,
      groupType: 'classic',
    })),
  }
}

function handleDescribe(
  state: BrokerState,
  body: DescribeGroupsRequest,
  context: RequestContext,
): Answer<DescribeGroupsResponse> {
  return {
    groups: body.groups.map((groupId) => {
      if (isElsewhere(state, groupId, context)) return { groupId, errorCode: errorCode.NOT_COORDINATOR }
      const group = state.groups.get(groupId)
      if (group) return describe(group)
      if (context.version < groupNotFoundFrom) return { groupId, errorCode: errorCode.NONE, groupState: 'Dead' }
      const errorMessage = `Group ${groupId} not found.`
      return { groupId, errorCode: errorCode.GROUP_ID_NOT_FOUND, errorMessage, groupState: 'Dead' }
    }),
  }
}

function describe(group: Group): MessageInput<DescribeGroupsResponse['groups'][number]> {
  const settled = group.state === 'Stable'
  const none = new Uint8Array(0)
  return {
    errorCode: errorCode.NONE,
    groupId: group.id,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: settled ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: settled ? group.metadataOf(member) : none,
      memberAssignment: settled ? member.assignment : none,
    })),
  }
}

function handleDelete(
  state: BrokerState,
  body: DeleteGroupsRequest,
  context: RequestContext,
): Answer<DeleteGroupsResponse> {
  return { results: body.groupsNames.map((groupId) => ({ groupId, errorCode: deleteOne(state, groupId, context) })) }
}

function deleteOne(state: BrokerState, groupId: string, context: RequestContext): number {
  if (isElsewhere(state, groupId, context)) return errorCode.NOT_COORDINATOR
  const group = state.groups.get(groupId)
  if (group === undefined) return errorCode.GROUP_ID_NOT_FOUND
  if (group.state !== 'Empty') return errorCode.NON_EMPTY_GROUP
  state.offsets.deleteGroup(groupId)
  state.groups.forget(groupId)
  return errorCode.NONE
}

export const groupRoutes: readonly Route[] = [
  route(joinGroup, handleJoin),
  route(syncGroup, handleSync),
  route(heartbeat, handleHeartbeat),
  route(leaveGroup, handleLeave),
  route(listGroups, handleList),
  route(describeGroups, handleDescribe),
  route(deleteGroups, handleDelete),
]
