/** What the cluster says about its topics: a plain value per topic, replaced as a whole at each refresh. */
import type { BrokerAddress } from '@millrace/core/port'
import type { MetadataResponse } from '../codec/apis.ts'
import { errorCode } from '../codec/error-code.ts'

/** One partition. `leader` is −1 while there is none; `leaderEpoch` −1 when the broker does not tell. */
export interface PartitionMetadata {
  readonly partition: number
  readonly leader: number
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
}

/** One topic; `partitions[p]` is partition p. `id` is base64url text of 22 characters. */
export interface TopicMetadata {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

/** The id that means "none". */
export const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

/** A Metadata response, read once. */
export interface ClusterMetadata {
  readonly clusterId: string | null
  readonly controllerId: number
  readonly brokers: readonly BrokerAddress[]
  readonly topics: ReadonlyMap<string, TopicMetadata>
  /** Codes of topics that were asked for and cannot be used: 3 missing, 29 no right, 17 invalid name, … */
  readonly problems: ReadonlyMap<string, number>
}

/** Topics whose leaders are being elected stay in `topics`, with `leader` −1. */
export function readMetadata(response: MetadataResponse): ClusterMetadata {
  const topics = new Map<string, TopicMetadata>()
  const problems = new Map<string, number>()
  for (const topic of response.topics) {
    if (topic.name === null) continue
    if (topic.errorCode !== 0 && topic.errorCode !== errorCode.LEADER_NOT_AVAILABLE) {
      problems.set(topic.name, topic.errorCode)
      continue
    }
    const partitions: PartitionMetadata[] = topic.partitions.map((p) => ({
      partition: p.partitionIndex,
      leader: p.leaderId,
      leaderEpoch: p.leaderEpoch,
      replicas: p.replicaNodes,
      inSync: p.isrNodes,
    }))
    partitions.sort((a, b) => a.partition - b.partition)
    topics.set(topic.name, { name: topic.name, id: topic.topicId, isInternal: topic.isInternal, partitions })
  }
  return {
    clusterId: response.clusterId,
    controllerId: response.controllerId,
    brokers: response.brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack })),
    topics,
    problems,
  }
}
