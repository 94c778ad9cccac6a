/** Topics: create, delete, enlarge, list, describe. */
import { FatalError, type StreamsError } from '@millrace/core'
import {
  createPartitions as createPartitionsApi,
  createTopics as createTopicsApi,
  deleteTopics as deleteTopicsApi,
} from '../codec/apis.ts'
import { errorCode, isRetriableCode } from '../codec/error-code.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { responseError } from '../cluster/response-error.ts'
import type { NeedOptions } from '../cluster/metadata-cache.ts'
import type { TopicMetadata } from '../cluster/topic-metadata.ts'
import { type AdminOptions, adminTimeoutMs, callController } from './controller-call.ts'

/** A topic to create. */
export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** −1: the broker's default. */
  readonly replicationFactor?: number
  /** Topic configuration, e.g. `cleanup.policy`. */
  readonly configs?: Readonly<Record<string, string>>
}

/** What became of one topic; `error` null when it was done. */
export interface TopicResult {
  readonly name: string
  readonly error: StreamsError | null
}

/**
 * Creates topics. A topic that exists already is an error of its own (code 36 in `details`), the others are created.
 *
 * The topics may take some 100 ms to be known to all brokers: `waitForTopics`.
 *
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) the controller could not be reached
 */
export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  options: AdminOptions & { readonly validateOnly?: boolean } = {},
): Promise<TopicResult[]> {
  const body = {
    topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
      name,
      numPartitions: partitions,
      replicationFactor: replicationFactor ?? -1,
      configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
    })),
    timeoutMs: options.timeoutMs ?? adminTimeoutMs,
    validateOnly: options.validateOnly ?? false,
  }
  const done = new Set<string>()
  return callController(cluster, { api: createTopicsApi, body, options }, (response) =>
    response.topics.map(({ name, errorCode: code, errorMessage }) => {
      // Another attempt, made for one topic, finds those that an earlier one created.
      if (code === 0) done.add(name)
      const isOwn = code === errorCode.TOPIC_ALREADY_EXISTS && done.has(name)
      return result('CreateTopics', { name, code: isOwn ? 0 : code, message: errorMessage })
    }),
  )
}

/** Deletes topics; one that does not exist is an error of its own (code 3). */
export async function deleteTopics(
  cluster: Cluster,
  names: readonly string[],
  options: AdminOptions = {},
): Promise<TopicResult[]> {
  const timeoutMs = options.timeoutMs ?? adminTimeoutMs
  const body = (version: number): object =>
    version >= firstWithIds
      ? { topics: names.map((name) => ({ name })), timeoutMs }
      : { topicNames: [...names], timeoutMs }
  return callController(cluster, { api: deleteTopicsApi, body, options }, (response) =>
    response.responses.map(({ name, errorCode: code, errorMessage }) =>
      result('DeleteTopics', { name: name ?? '', code, message: errorMessage, passes: false }),
    ),
  )
}

/** Raises the number of partitions of topics; records with keys then go elsewhere than before. */
export async function createPartitions(
  cluster: Cluster,
  topics: readonly { readonly name: string; readonly partitions: number }[],
  options: AdminOptions = {},
): Promise<TopicResult[]> {
  const body = {
    topics: topics.map(({ name, partitions }) => ({ name, count: partitions, assignments: null })),
    timeoutMs: options.timeoutMs ?? adminTimeoutMs,
    validateOnly: false,
  }
  return callController(cluster, { api: createPartitionsApi, body, options }, (response) =>
    response.results.map(({ name, errorCode: code, errorMessage }) =>
      result('CreatePartitions', { name, code, message: errorMessage }),
    ),
  )
}

/** All topics of the cluster that this user may see, internal ones (`__consumer_offsets`) included. */
export async function listTopics(cluster: Cluster): Promise<ReadonlyMap<string, TopicMetadata>> {
  return cluster.metadata.all()
}

/** Resolves when every topic exists and each of its partitions has a leader; errors as `MetadataCache.need`. */
export async function waitForTopics(
  cluster: Cluster,
  names: readonly string[],
  options: NeedOptions = {},
): Promise<TopicMetadata[]> {
  const topics = await cluster.metadata.need(names, options)
  cluster.metadata.untrack(names)
  return topics
}

/** Throws the first error among the results. */
export function assertTopics(results: readonly TopicResult[]): void {
  for (const { error } of results) if (error !== null) throw error
}

/** True when the topic was there before. */
export function isAlreadyThere({ error }: TopicResult): boolean {
  return hasCode(error, errorCode.TOPIC_ALREADY_EXISTS)
}

/** True when there was no such topic. */
export function isNotThere({ error }: TopicResult): boolean {
  return hasCode(error, errorCode.UNKNOWN_TOPIC_OR_PARTITION)
}

const firstWithIds = 6

function hasCode(error: StreamsError | null, code: number): boolean {
  return error !== null && error.code === 'MR_PROTOCOL_RESPONSE' && (error.details as { code: number }).code === code
}

/** Codes that pass lead to another attempt; `passes: false` keeps "unknown topic" as a result. */
function result(
  api: string,
  from: { readonly name: string; readonly code: number; readonly message: string | null; readonly passes?: boolean },
): TopicResult {
  const { name, code, message } = from
  if (code === 0) return { name, error: null }
  const context = { api, what: `topic "${name}"`, message }
  const isUnknown = code === errorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (isUnknown && from.passes === false) {
    const details = { api, code, name: 'UNKNOWN_TOPIC_OR_PARTITION', what: context.what }
    return { name, error: new FatalError('MR_PROTOCOL_RESPONSE', details) }
  }
  const error = responseError(code, context)
  if (isRetriableCode(code)) throw error
  return { name, error }
}
