/** The leader's view of the cluster: partition counts, internal topics, end offsets. */
import { formatTopicPartition, RetriableError } from '@millrace/core'
import { matchesTopic } from '@millrace/core/internal'
import { fetchCommittedOffsets, listOffsets, listTopics } from '@millrace/protocol'
import type { LeaderCluster } from '../assignment/leader.ts'
import { ensureTopics } from '../internal-topic/ensure-topics.ts'
import type { AppContext } from './app-context.ts'

/** Through the admin connection, so that nothing waits behind a parked request. */
export function leaderCluster(app: AppContext): LeaderCluster {
  const { adminCluster, options, topology, around } = app
  const { applicationId, topicConfig, windowstoreChangelogAdditionalRetentionMs, replicationFactor } = options
  // Of these a copy can have no more than what is committed.
  const inputChangelogs = new Set(
    topology.stores.flatMap(({ changelogTopic, changelogIsSource }) =>
      changelogIsSource && changelogTopic !== null ? [topology.topicName(changelogTopic, applicationId)] : [],
    ),
  )
  return {
    sourceTopics: async () => {
      const topics = await listTopics(adminCluster)
      return {
        count: (topic) => topics.get(topic)?.partitions.length,
        patternTopics: patternTopics(app, topics.keys()),
      }
    },
    ensureInternalTopics: async (topics) =>
      ensureTopics(adminCluster, topics, {
        topicConfig,
        additionalRetentionMs: windowstoreChangelogAdditionalRetentionMs,
        replicationFactor,
        timeoutMs: options.requestTimeoutMs,
      }),
    endOffsets: async (partitions) => {
      try {
        const inputs = partitions.filter(({ topic }) => inputChangelogs.has(topic))
        const others = partitions.filter(({ topic }) => !inputChangelogs.has(topic))
        const queries = others.map((one) => ({ ...one, at: 'latest' as const }))
        const found = [
          ...(await listOffsets(adminCluster, queries, { timeoutMs: options.requestTimeoutMs })),
          ...(await fetchCommittedOffsets(adminCluster, applicationId, inputs, { requireStable: false })),
        ]
        return new Map(
          found.map(
            ({ topic, partition, offset }) => [formatTopicPartition(topic, partition), Math.max(0, offset)] as const,
          ),
        )
      } catch (error) {
        if (!(error instanceof RetriableError)) throw error
        around.logger.warn('end offsets of changelogs are not known, tasks go where state is', {
          application: applicationId,
          topology: topology.subTopologies.length,
          reason: error.message,
        })
        return null
      }
    },
  }
}

/** Topics that each pattern source reads, by source node; Kafka's own topics and internal ones never match. */
export function patternTopics(app: AppContext, names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const { topology, options } = app
  const own = new Set(topology.internalTopics.map(({ name }) => topology.topicName(name, options.applicationId)))
  const all = [...names].filter((name) => !name.startsWith('__') && !own.has(name)).toSorted()
  const matched = new Map<string, readonly string[]>()
  for (const node of topology.nodes) {
    if (node.kind !== 'source' || node.pattern === null) continue
    const { pattern } = node
    matched.set(
      node.name,
      all.filter((name) => matchesTopic(pattern, name)),
    )
  }
  return matched
}
