/** The client side of Kafka's protocol over a transport port, listed one by one. The codec is in `./internal`. */
export {
  alterConfigs,
  type ConfigChange,
  type ConfigEntry,
  type ConfigResource,
  describeConfigs,
  type ResourceConfig,
} from './admin/configs.ts'
export type { AdminOptions } from './admin/controller-call.ts'
export { type ClusterDescription, describeCluster } from './admin/describe-cluster.ts'
export {
  alterGroupOffsets,
  deleteGroup,
  deleteGroupOffsets,
  type DescribedGroup,
  type DescribedMember,
  describeGroup,
  type ListedGroup,
  listGroupOffsets,
  listGroups,
  topicsOfGroup,
} from './admin/groups.ts'
export { deleteRecords, type RecordsToDelete } from './admin/records.ts'
export {
  assertTopics,
  createPartitions,
  createTopics,
  deleteTopics,
  isAlreadyThere,
  isNotThere,
  listTopics,
  type NewTopic,
  type TopicResult,
  waitForTopics,
} from './admin/topics.ts'
export type { ClientSoftware } from './cluster/broker-versions.ts'
export type { BrokerCaller, CallOptions, RequestBody } from './cluster/caller.ts'
export { Cluster, type ClusterOptions } from './cluster/cluster.ts'
export { type CoordinatorCall, type CoordinatorKind, Coordinators, UnknownOutcome } from './cluster/coordinators.ts'
export { MetadataCache, type NeedOptions } from './cluster/metadata-cache.ts'
export { isAuthorizationCode, isCoordinatorCode, isFencedCode, responseError } from './cluster/response-error.ts'
export { backoffMs, type BackoffOptions, retry, type RetryOptions } from './cluster/retry.ts'
export { monotonicMs, type Surroundings } from './cluster/surroundings.ts'
export type { PartitionMetadata, TopicMetadata } from './cluster/topic-metadata.ts'
export { type CompressionName, loadCodecs } from './compression/compression.ts'
export { AbortedFilter } from './fetch/aborted-filter.ts'
export { type FetchAssignment, Fetcher, type FetcherOptions } from './fetch/fetcher.ts'
export {
  type FoundOffset,
  type Isolation,
  listOffsets,
  type ListOffsetsOptions,
  type OffsetPlace,
  type OffsetQuery,
} from './fetch/list-offsets.ts'
export type { FetchedBatch, FetchedPartition, PartitionBuffer } from './fetch/partition-buffer.ts'
export { readPartition, type ReadRange } from './fetch/read-partition.ts'
export { GroupMember, type GroupMemberOptions } from './group/group-member.ts'
export {
  commitOffsets,
  type CommittedOffset,
  fetchCommittedOffsets,
  type FetchOffsetsOptions,
  type GroupCallOptions,
  type GroupIdentity,
  type OffsetToCommit,
  outsider,
} from './group/group-offsets.ts'
export type { Assignments, JoinedMember } from './group/join.ts'
export { murmur2, partitionForKey } from './partition/murmur2.ts'
export { Producer, type PartitionAppender, type ProducerOptions, type RefusedBatch } from './produce/producer.ts'
export type { ProducerIdentity } from './produce/producer-batch.ts'
export { type DecodeOptions, RecordBatch } from './record-batch/record-batch.ts'
export { BatchHeader } from './record-batch/batch-header.ts'
export {
  TransactionalProducer,
  type TransactionalProducerOptions,
  type TransactionState,
} from './transaction/transactional-producer.ts'
