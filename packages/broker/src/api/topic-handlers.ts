/** CreateTopics, DeleteTopics, CreatePartitions and DeleteRecords. */
import {
  createPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  errorCode,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  type DeleteRecordsRequest,
  type DeleteRecordsResponse,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  type MessageInput,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Refusal } from '../log/batch-check.ts'
import { topicDefinitions } from '../topic/config-definition.ts'
import { checkTopicConfig } from '../topic/topic-config.ts'
import { checkTopicName, type NewTopic } from '../topic/topic-registry.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

type CreatableTopic = CreateTopicsRequest['topics'][number]
type CreatedTopic = MessageInput<CreateTopicsResponse['topics'][number]>

const zeroId = 'AAAAAAAAAAAAAAAAAAAAAA'
/** Source of a setting in answers: set on the topic, or a default. */
const dynamicTopicSource = 1
const defaultSource = 5
/** From here on topics to delete are named by name or id. */
const deleteByIdFrom = 6

function handleCreateTopics(state: BrokerState, body: CreateTopicsRequest): Answer<CreateTopicsResponse> {
  const seen = new Map<string, number>()
  for (const { name } of body.topics) seen.set(name, (seen.get(name) ?? 0) + 1)
  const wanted = body.topics.filter((topic, i) => body.topics.findIndex((other) => other.name === topic.name) === i)
  return {
    topics: wanted.map((topic) => {
      if ((seen.get(topic.name) ?? 0) > 1) {
        return { name: topic.name, errorCode: errorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' }
      }
      return createOne(state, topic, body.validateOnly)
    }),
  }
}

function createOne(state: BrokerState, wanted: CreatableTopic, validateOnly: boolean): CreatedTopic {
  const planned = plan(state, wanted)
  if ('error' in planned) return { name: wanted.name, errorCode: planned.error, errorMessage: planned.reason }
  const topic = validateOnly ? undefined : state.topics.create(planned)
  const { config } = topic ?? { config: undefined }
  return {
    name: wanted.name,
    topicId: topic?.id ?? zeroId,
    errorCode: errorCode.NONE,
    numPartitions: planned.partitions,
    replicationFactor: planned.replicationFactor,
    configs: topicDefinitions.map((definition) => ({
      name: definition.name,
      value: planned.config.get(definition.name) ?? config?.text(definition.name) ?? definition.default,
      readOnly: false,
      configSource: planned.config.has(definition.name) ? dynamicTopicSource : defaultSource,
      isSensitive: false,
    })),
  }
}

/** What a topic is to be, or why it cannot be. */
function plan(state: BrokerState, wanted: CreatableTopic): NewTopic | Refusal {
  const { name, assignments } = wanted
  const wrongName = checkTopicName(name)
  if (wrongName) return wrongName
  if (state.topics.get(name)) {
    return { error: errorCode.TOPIC_ALREADY_EXISTS, reason: `Topic '${name}' already exists.` }
  }
  const clash = state.topics.all().find((topic) => topic.name.replaceAll('.', '_') === name.replaceAll('.', '_'))
  if (clash) {
    const reason = `Topic '${name}' collides with existing topic: ${clash.name}`
    return { error: errorCode.INVALID_TOPIC_EXCEPTION, reason }
  }
  const size = assignments.length > 0 ? assignedSize(wanted) : wantedSize(state, wanted)
  if ('error' in size) return size
  const config = new Map<string, string>()
  for (const { name: setting, value } of wanted.configs) {
    const wrong = checkTopicConfig(setting, value)
    if (wrong !== undefined) return { error: errorCode.INVALID_CONFIG, reason: wrong }
    config.set(setting, value as string)
  }
  return { name, ...size, config }
}

function wantedSize(
  state: BrokerState,
  wanted: CreatableTopic,
): { partitions: number; replicationFactor: number } | Refusal {
  const { numPartitions, replicationFactor } = wanted
  if (numPartitions === 0 || numPartitions < -1) {
    const reason = 'Number of partitions was set to an invalid non-positive value.'
    return { error: errorCode.INVALID_PARTITIONS, reason }
  }
  if (replicationFactor === 0 || replicationFactor < -1) {
    const reason = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return { error: errorCode.INVALID_REPLICATION_FACTOR, reason }
  }
  const factor = replicationFactor === -1 ? state.config.number('default.replication.factor') : replicationFactor
  if (factor > state.nodes.length) {
    const reason = `Unable to replicate the partition ${factor} time(s): The target replication factor of ${factor} cannot be reached because only ${state.nodes.length} broker(s) are registered.`
    return { error: errorCode.INVALID_REPLICATION_FACTOR, reason }
  }
  const partitions = numPartitions === -1 ? state.config.number('num.partitions') : numPartitions
  return { partitions, replicationFactor: factor }
}

function assignedSize(wanted: CreatableTopic): { partitions: number; replicationFactor: number } | Refusal {
  const { assignments, numPartitions, replicationFactor } = wanted
  if (numPartitions !== -1 || replicationFactor !== -1) {
    const reason = 'A manual partition assignment was specified, but numPartitions or replicationFactor was not -1.'
    return { error: errorCode.INVALID_REQUEST, reason }
  }
  const indexes = assignments.map((assignment) => assignment.partitionIndex).sort((a, b) => a - b)
  if (indexes.some((index, i) => index !== i)) {
    const reason = 'partitions should be a consecutive 0-based integer sequence'
    return { error: errorCode.INVALID_REPLICA_ASSIGNMENT, reason }
  }
  return { partitions: assignments.length, replicationFactor: assignments[0]?.brokerIds.length ?? 1 }
}

function handleDeleteTopics(
  state: BrokerState,
  body: DeleteTopicsRequest,
  context: RequestContext,
): Answer<DeleteTopicsResponse> {
  const named = body.topicNames.map((name) => ({ name: name as string | null, topicId: zeroId }))
  const wanted = context.version >= deleteByIdFrom ? body.topics : named
  return {
    responses: wanted.map(({ name, topicId }) => {
      const topic = name === null ? state.topics.byId(topicId) : state.topics.get(name)
      if (topic === undefined) {
        const error = name === null ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION
        return { name, topicId, errorCode: error, errorMessage: null }
      }
      state.topics.delete(topic.name)
      return { name: topic.name, topicId: topic.id, errorCode: errorCode.NONE, errorMessage: null }
    }),
  }
}

function handleCreatePartitions(state: BrokerState, body: CreatePartitionsRequest): Answer<CreatePartitionsResponse> {
  return {
    results: body.topics.map(({ name, count }) => {
      const topic = state.topics.get(name)
      if (topic === undefined) {
        return { name, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null }
      }
      const present = topic.partitions.length
      if (count <= present) {
        const already = count === present ? 'already has' : 'would not be an increase over its'
        const errorMessage = `Topic ${already} ${present} partition(s).`
        return { name, errorCode: errorCode.INVALID_PARTITIONS, errorMessage }
      }
      if (!body.validateOnly) state.topics.widen(topic, count)
      return { name, errorCode: errorCode.NONE, errorMessage: null }
    }),
  }
}

function handleDeleteRecords(
  state: BrokerState,
  body: DeleteRecordsRequest,
  context: RequestContext,
): Answer<DeleteRecordsResponse> {
  return {
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => {
        const answer = deleteBefore(state, { name, partitionIndex, offset }, context)
        return { partitionIndex, lowWatermark: BigInt(answer.startOffset), errorCode: answer.error }
      }),
    })),
  }
}

function deleteBefore(
  state: BrokerState,
  wanted: { name: string; partitionIndex: number; offset: bigint },
  context: RequestContext,
): { error: number; startOffset: number } {
  const partition = state.topics.partition(wanted.name, wanted.partitionIndex)
  if (partition === undefined) return { error: errorCode.UNKNOWN_TOPIC_OR_PARTITION, startOffset: -1 }
  if (partition.leader !== context.nodeId) return { error: errorCode.NOT_LEADER_OR_FOLLOWER, startOffset: -1 }
  const { log, topic } = partition
  if (!topic.config.settings.delete) return { error: errorCode.POLICY_VIOLATION, startOffset: -1 }
  const offset = wanted.offset === -1n ? log.endOffset : Number(wanted.offset)
  if (offset < 0 || offset > log.endOffset) return { error: errorCode.OFFSET_OUT_OF_RANGE, startOffset: -1 }
  if (offset > log.startOffset) {
    log.raiseStart(offset)
    state.topics.recordStart(partition)
  }
  return { error: errorCode.NONE, startOffset: log.startOffset }
}

export const topicRoutes: readonly Route[] = [
  route(createTopics, handleCreateTopics),
  route(deleteTopics, handleDeleteTopics),
  route(createPartitions, handleCreatePartitions),
  route(deleteRecords, handleDeleteRecords),
]
