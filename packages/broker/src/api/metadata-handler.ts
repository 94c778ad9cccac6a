/** Metadata, DescribeCluster and FindCoordinator: who is where. */
import {
  describeCluster,
  errorCode,
  findCoordinator,
  metadata,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type MessageInput,
  type MetadataRequest,
  type MetadataRequestTopic,
  type MetadataResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { checkTopicName } from '../topic/topic-registry.ts'
import type { Topic } from '../topic/topic.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

type TopicAnswer = MessageInput<MetadataResponse['topics'][number]>

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
const groupKey = 0
const transactionKey = 1
/** Before this version a coordinator is asked for with one key; from it on with a list. */
const manyKeysFrom = 4

function handleMetadata(state: BrokerState, body: MetadataRequest, context: RequestContext): Answer<MetadataResponse> {
  const everything = body.topics === null || (context.version === 0 && body.topics.length === 0)
  const topics = everything
    ? state.topics.all().map((topic) => describe(topic))
    : (body.topics ?? []).map((wanted) => describeWanted(state, wanted, body.allowAutoTopicCreation))
  return {
    brokers: state.nodes,
    clusterId: state.identity.id,
    controllerId: state.nodes[0]?.nodeId ?? -1,
    topics,
  }
}

function describeWanted(state: BrokerState, wanted: MetadataRequestTopic, mayCreate: boolean): TopicAnswer {
  if (wanted.name === null || wanted.name === '') {
    const byId = state.topics.byId(wanted.topicId)
    if (byId) return describe(byId)
    if (wanted.topicId !== zeroId) {
      return { errorCode: errorCode.UNKNOWN_TOPIC_ID, name: null, topicId: wanted.topicId, partitions: [] }
    }
    return { errorCode: errorCode.INVALID_TOPIC_EXCEPTION, name: wanted.name ?? '', partitions: [] }
  }
  const { name } = wanted
  const topic = state.topics.get(name)
  if (topic) return describe(topic)
  const wrong = checkTopicName(name)
  if (wrong) return { errorCode: wrong.error, name, partitions: [] }
  if (!mayCreate || !state.config.flag('auto.create.topics.enable')) {
    return { errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, name, partitions: [] }
  }
  const partitions = state.config.number('num.partitions')
  const replicationFactor = state.config.number('default.replication.factor')
  return describe(state.topics.create({ name, partitions, replicationFactor, config: new Map() }))
}

function describe(topic: Topic): TopicAnswer {
  return {
    errorCode: errorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    partitions: topic.partitions.map(({ index, leader, leaderEpoch, replicas }) => ({
      errorCode: errorCode.NONE,
      partitionIndex: index,
      leaderId: leader,
      leaderEpoch,
      replicaNodes: replicas,
      isrNodes: replicas,
      offlineReplicas: [],
    })),
  }
}

function handleDescribeCluster(state: BrokerState, body: DescribeClusterRequest): Answer<DescribeClusterResponse> {
  return {
    errorCode: errorCode.NONE,
    endpointType: body.endpointType,
    clusterId: state.identity.id,
    controllerId: state.nodes[0]?.nodeId ?? -1,
    brokers: state.nodes.map(({ nodeId, host, port, rack }) => ({ brokerId: nodeId, host, port, rack })),
  }
}

function handleFindCoordinator(
  state: BrokerState,
  body: FindCoordinatorRequest,
  context: RequestContext,
): Answer<FindCoordinatorResponse> {
  const known = body.keyType === groupKey || body.keyType === transactionKey
  const error = known ? errorCode.NONE : errorCode.INVALID_REQUEST
  const locate = (key: string): { nodeId: number; host: string; port: number } => {
    if (!known) return { nodeId: -1, host: '', port: -1 }
    const { nodeId, host, port } = state.coordinatorOf(key)
    return { nodeId, host, port }
  }
  if (context.version < manyKeysFrom) return { errorCode: error, errorMessage: null, ...locate(body.key) }
  return { coordinators: body.coordinatorKeys.map((key) => ({ key, errorCode: error, ...locate(key) })) }
}

export const metadataRoutes: readonly Route[] = [
  route(metadata, handleMetadata),
  route(describeCluster, handleDescribeCluster),
  route(findCoordinator, handleFindCoordinator),
]
