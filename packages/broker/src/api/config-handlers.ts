/**
 * DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, for topics and for the broker itself.
 *
 * Changes of the broker's settings last until it is closed.
 */
import {
  alterConfigs,
  describeConfigs,
  errorCode,
  incrementalAlterConfigs,
  type AlterConfigsRequest,
  type AlterConfigsResponse,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
  type MessageInput,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Refusal } from '../log/batch-check.ts'
import { changeConfig, isRefused, type ConfigChange } from '../topic/config-change.ts'
import { brokerDefinitions, topicDefinitions, type ConfigDefinition } from '../topic/config-definition.ts'
import type { Topic } from '../topic/topic.ts'
import { route, type Answer, type Route } from './handler.ts'

type ConfigAnswer = MessageInput<DescribeConfigsResponse['results'][number]['configs'][number]>

/** Kafka's numbers for kinds of resources, and for where a value comes from. */
const resource = { TOPIC: 2, BROKER: 4 } as const
const source = { DYNAMIC_TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5 } as const
const set = 0

function handleDescribe(state: BrokerState, body: DescribeConfigsRequest): Answer<DescribeConfigsResponse> {
  return {
    results: body.resources.map(({ resourceType, resourceName, configurationKeys }) => {
      const configs = describe(state, { resourceType, resourceName })
      if ('error' in configs) {
        return { resourceType, resourceName, errorCode: configs.error, errorMessage: configs.reason, configs: [] }
      }
      return {
        resourceType,
        resourceName,
        errorCode: errorCode.NONE,
        errorMessage: null,
        configs: configs
          .filter((config) => configurationKeys === null || configurationKeys.includes(config.name ?? ''))
          .map((config) => (body.includeSynonyms ? config : { ...config, synonyms: [] })),
      }
    }),
  }
}

function describe(state: BrokerState, of: { resourceType: number; resourceName: string }): ConfigAnswer[] | Refusal {
  if (of.resourceType === resource.TOPIC) {
    const topic = state.topics.get(of.resourceName)
    if (topic === undefined) return unknownTopic
    return topicDefinitions.map((definition) => describeTopicSetting(state, topic, definition))
  }
  if (of.resourceType === resource.BROKER) {
    if (!isBroker(state, of.resourceName)) return unknownBroker(of.resourceName)
    return brokerDefinitions.map((definition) => {
      const { name, type } = definition
      const configSource = state.config.isGiven(name) ? source.STATIC_BROKER : source.DEFAULT
      const value = state.config.text(name)
      return answerOf({ name, value, configSource, type }, [{ name, value, source: configSource }])
    })
  }
  return { error: errorCode.INVALID_REQUEST, reason: `Unsupported resource type ${of.resourceType}` }
}

function describeTopicSetting(state: BrokerState, topic: Topic, definition: ConfigDefinition): ConfigAnswer {
  const { name, type, brokerName } = definition
  const value = topic.config.text(name)
  const synonyms: { name: string; value: string; source: number }[] = []
  const own = topic.config.given.get(name)
  if (own !== undefined) synonyms.push({ name, value: own, source: source.DYNAMIC_TOPIC })
  if (brokerName !== undefined && state.config.isGiven(brokerName)) {
    synonyms.push({ name: brokerName, value: state.config.text(brokerName), source: source.STATIC_BROKER })
  }
  synonyms.push({ name: brokerName ?? name, value: definition.default, source: source.DEFAULT })
  return answerOf({ name, value, configSource: synonyms[0]?.source ?? source.DEFAULT, type }, synonyms)
}

function answerOf(
  of: { name: string; value: string; configSource: number; type: number },
  synonyms: { name: string; value: string; source: number }[],
): ConfigAnswer {
  return {
    name: of.name,
    value: of.value,
    readOnly: false,
    configSource: of.configSource,
    isSensitive: false,
    synonyms,
    configType: of.type,
    documentation: null,
  }
}

function handleAlter(state: BrokerState, body: AlterConfigsRequest): Answer<AlterConfigsResponse> {
  return {
    responses: body.resources.map(({ resourceType, resourceName, configs }) => {
      const changes = configs.map(({ name, value }) => ({ name, value, configOperation: set }))
      const of = { resourceType, resourceName, changes, replace: true, validateOnly: body.validateOnly }
      return { resourceType, resourceName, ...resultOf(alter(state, of)) }
    }),
  }
}

function handleIncrementalAlter(
  state: BrokerState,
  body: IncrementalAlterConfigsRequest,
): Answer<IncrementalAlterConfigsResponse> {
  return {
    responses: body.resources.map(({ resourceType, resourceName, configs: changes }) => {
      const of = { resourceType, resourceName, changes, replace: false, validateOnly: body.validateOnly }
      return { resourceType, resourceName, ...resultOf(alter(state, of)) }
    }),
  }
}

interface Alteration {
  readonly resourceType: number
  readonly resourceName: string
  readonly changes: readonly ConfigChange[]
  /** What is not named takes its default again. */
  readonly replace: boolean
  readonly validateOnly: boolean
}

function alter(state: BrokerState, wanted: Alteration): Refusal | undefined {
  if (wanted.resourceType === resource.TOPIC) {
    const topic = state.topics.get(wanted.resourceName)
    if (topic === undefined) return unknownTopic
    const before = wanted.replace ? new Map<string, string>() : topic.config.given
    const changed = changeConfig(before, wanted.changes, (name) => topic.config.text(name))
    if (isRefused(changed)) return changed
    if (!wanted.validateOnly) state.topics.configure(topic, changed)
    return undefined
  }
  if (wanted.resourceType !== resource.BROKER) {
    return { error: errorCode.INVALID_REQUEST, reason: `Unsupported resource type ${wanted.resourceType}` }
  }
  if (!isBroker(state, wanted.resourceName)) return unknownBroker(wanted.resourceName)
  for (const { name, value, configOperation } of wanted.changes) {
    const wrong = wanted.validateOnly
      ? undefined
      : state.config.set(name, configOperation === set ? (value ?? '') : undefined)
    if (wrong !== undefined) return { error: errorCode.INVALID_CONFIG, reason: wrong }
  }
  return undefined
}

function resultOf(refusal: Refusal | undefined): { errorCode: number; errorMessage: string | null } {
  return { errorCode: refusal?.error ?? errorCode.NONE, errorMessage: refusal?.reason ?? null }
}

/** Named by its number, or with no name for all of them. */
function isBroker(state: BrokerState, name: string): boolean {
  return name === '' || state.nodes.some((node) => String(node.nodeId) === name)
}

const unknownTopic: Refusal = {
  error: errorCode.UNKNOWN_TOPIC_OR_PARTITION,
  reason: 'This server does not host this topic-partition.',
}

function unknownBroker(name: string): Refusal {
  return { error: errorCode.INVALID_REQUEST, reason: `Unexpected broker id, expected one of this cluster, got ${name}` }
}

export const configRoutes: readonly Route[] = [
  route(describeConfigs, handleDescribe),
  route(alterConfigs, handleAlter),
  route(incrementalAlterConfigs, handleIncrementalAlter),
]
