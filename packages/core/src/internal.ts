/** Names for Millrace's own packages only. */
export { change } from './record/change.ts'
export type { ChangelogRecord, CurrentRecord, FlushListener, LiveStore, StoreHost } from './store/host.ts'
export { memoryEngine, memoryStores } from './store/memory-engine.ts'
export { readLong, writeLong } from './serde/long-bytes.ts'
export { toKeySerde, toSerde } from './serde/standard-schema.ts'
export * from './serde/envelope/buffer-value.ts'
export * from './serde/envelope/change.ts'
export * from './serde/envelope/commit-metadata.ts'
export * from './serde/envelope/foreign-key.ts'
export * from './serde/envelope/headers.ts'
export * from './serde/envelope/join-buffer.ts'
export * from './serde/envelope/murmur3.ts'
export * from './serde/envelope/position.ts'
export * from './serde/envelope/value-and-timestamp.ts'
export * from './serde/envelope/versioned-value.ts'
export * from './serde/envelope/window-key.ts'
export { decodeUtf8, encodeUtf8 } from './serde/utf8.ts'
export { timestampFunction } from './time/timestamp-extractor.ts'
export type {
  BuiltTopology,
  GlobalStore,
  InternalTopic,
  SubTopology,
  TopologyStore,
} from './topology/built-topology.ts'
export { withDefaults } from './topology/built-topology.ts'
export { requireEqualKeySerdes } from './topology/key-serdes.ts'
export type * from './topology/node.ts'
export { openStore } from './store/open-store.ts'
export { inBucketOrder, javaHash } from './topology/java-hash-order.ts'
export type { BuildSettings } from './topology/store-spec.ts'
export { internalTopicConfig, type InternalTopicOptions } from './topology/internal-topic.ts'
export { bareTopic } from './dsl/bare-topic.ts'
export type { MaterializedSpec, StoreSupplier } from './dsl/materialized.ts'
export type { JoinStoreSupplier } from './dsl/join-streams.ts'
export { matchesTopic } from './topology/topology-builder.ts'
export { checkCommitRing, type CommitRing, newCommitRing, type RingCheck, stampBatch } from './store/commit-ring.ts'
