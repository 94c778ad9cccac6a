/**
 * Internal topics in the cluster: what is missing is created with Kafka Streams' configuration, what is there must have
 * the partitions of the plan. Done by the leader of the group before it gives out tasks; two leaders at once do no harm.
 */
import { ConfigError, FatalError, type StreamsError } from '@millrace/core'
import { internalTopicConfig, type InternalTopicOptions } from '@millrace/core/internal'
import { type Cluster, createTopics, isAlreadyThere, waitForTopics } from '@millrace/protocol'
import { errorCode } from '@millrace/protocol/internal'
import type { PlannedTopic } from './partition-plan.ts'

/** Options of internal topics. */
export interface EnsureOptions extends InternalTopicOptions {
  /** −1 = the brokers' default. */
  readonly replicationFactor: number
  readonly timeoutMs: number
}

/**
 * Creates and checks.
 *
 * @throws {MR_RUNTIME_INTERNAL_TOPIC} (ConfigError) a topic is there with another number of partitions
 * @throws {MR_RUNTIME_INTERNAL_TOPIC_REFUSED} (FatalError) the cluster does not create one: rights, policy, replicas
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) the cluster did not answer in time
 */
export async function ensureTopics(
  cluster: Cluster,
  topics: readonly PlannedTopic[],
  options: EnsureOptions,
): Promise<void> {
  const names = topics.map(({ name }) => name)
  if (names.length === 0) return
  await cluster.metadata.refresh(names)
  const missing = topics.filter(({ name }) => cluster.metadata.problem(name) === errorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (missing.length > 0) {
    const { timeoutMs, replicationFactor } = options
    const created = missing.map(({ name, partitions, topic }) => ({
      name,
      partitions,
      replicationFactor,
      configs: internalTopicConfig(topic, options),
    }))
    const results = await createTopics(cluster, created, { timeoutMs })
    for (const result of results) {
      if (result.error === null || isAlreadyThere(result)) continue
      const details = { topic: result.name, reason: result.error.message }
      throw new FatalError('MR_RUNTIME_INTERNAL_TOPIC_REFUSED', details, { cause: result.error })
    }
  }
  const found = await waitForTopics(cluster, names, { missingMs: options.timeoutMs, timeoutMs: options.timeoutMs })
  const counts = new Map(found.map(({ name, partitions }) => [name, partitions.length]))
  for (const { name, partitions } of topics) {
    const actual = counts.get(name) ?? 0
    if (actual !== partitions) throw wrongCount({ topic: name, expected: partitions, actual })
  }
}

function wrongCount(details: {
  readonly topic: string
  readonly expected: number
  readonly actual: number
}): StreamsError {
  return new ConfigError('MR_RUNTIME_INTERNAL_TOPIC', details)
}
