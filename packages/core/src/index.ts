/** The public names of the domain, listed one by one. */
export { type Change } from './record/change.ts'
export { type Header, type Headers, noHeaders } from './record/headers.ts'
export { record, type RecordMetadata, type StreamRecord } from './record/record.ts'
export { formatTaskId, formatTopicPartition, type TaskId, type TopicPartition } from './record/topic-partition.ts'
export type { Window, Windowed } from './record/windowed.ts'
export { type Duration, durationMs } from './time/duration.ts'
export type { Serde } from './serde/serde.ts'
export * from './errors.ts'
export * from './store/store.ts'
export type { StoreDefinition, StoreHandle, StoreKind, StoreLogging, StoreType } from './store/definition.ts'
export type { HandleStore, StoresByKind } from './store/handle-store.ts'
export * from './processor/processor.ts'
export type { SerdeType } from './serde/serde.ts'
export { bigint64 } from './serde/bigint64.ts'
export { boolean } from './serde/boolean.ts'
export { bytes } from './serde/bytes.ts'
export { double } from './serde/double.ts'
export { float } from './serde/float.ts'
export { int16 } from './serde/int16.ts'
export { int32 } from './serde/int32.ts'
export { int64 } from './serde/int64.ts'
export { json } from './serde/json.ts'
export { jsonSchema, type SchemaCheck, type SchemaCompiler, type SchemaIssue } from './serde/json-schema.ts'
export { list } from './serde/list.ts'
export { nullable } from './serde/nullable.ts'
export type { SerdeOrSchema, StandardIssue, StandardResult, StandardSchema } from './serde/standard-schema.ts'
export { string } from './serde/string.ts'
export { uuid } from './serde/uuid.ts'
export { sessionWindowed, timeWindowed } from './serde/windowed.ts'
export type { ConsumedRecord, TimestampExtractor, TimestampFunction } from './time/timestamp-extractor.ts'
export {
  headersKeyValueStore,
  headersWindowStore,
  keyValueStore,
  lruStore,
  type LruStoreOptions,
  sessionStore,
  type SessionStoreOptions,
  type Shaped,
  type StoreOptions,
  timestampedKeyValueStore,
  timestampedWindowStore,
  versionedStore,
  type VersionedStoreOptions,
  windowStore,
  type WindowStoreOptions,
} from './store/handle.ts'
export {
  type AddSinkOptions,
  type AddSourceOptions,
  type AddStoreSourceOptions,
  type Names,
  Topology,
  type TopologyOptions,
} from './topology/topology.ts'
export type { ProcessorWrapper, WrappedSupplier } from './topology/processor-wrapper.ts'
export { topic, type Topic, type TopicSerdes, type TopicSink } from './topology/topic.ts'
export type { OffsetReset, Partitioner, TopicNameExtractor } from './topology/node.ts'
export type { ToStreamOptions, TransformOptions, ForeignKeyJoinOptions } from './dsl/k-table.ts'
export { KTable } from './dsl/k-table.ts'
export { KStream } from './dsl/k-stream.ts'
export { GlobalKTable } from './dsl/global-k-table.ts'
export {
  type AggregateOptions,
  KGroupedStream,
  type WindowedBy,
  type WindowedByOptions,
} from './dsl/k-grouped-stream.ts'
export { KGroupedTable, type TableAggregateOptions, type TableReduceOptions } from './dsl/k-grouped-table.ts'
export {
  type SessionAggregateOptions,
  SessionWindowedKStream,
  TimeWindowedKStream,
  type WindowedAggregateOptions,
  type WindowedTableOptions,
} from './dsl/windowed-streams.ts'
export {
  CogroupedKStream,
  type SessionCogroupOptions,
  SessionWindowedCogroupedKStream,
  TimeWindowedCogroupedKStream,
} from './dsl/cogrouped-streams.ts'
export {
  type BuildOptions,
  type StreamsBuilderOptions,
  type GlobalStoreOptions,
  type SourceTableOptions,
  StreamsBuilder,
} from './dsl/streams-builder.ts'
export type { BranchCondition, Branches, BranchPredicate } from './dsl/branches.ts'
export type { StreamJoinOptions } from './dsl/join-streams.ts'
export type { GlobalJoinOptions, StreamTableJoinOptions } from './dsl/join-stream-table.ts'
export type { SuppressLimits, SuppressUntilClose, SuppressUntilTime } from './dsl/suppress.ts'
export type {
  DynamicSinkOptions,
  GroupOptions,
  NameOptions,
  OffsetResetOption,
  PatternSourceOptions,
  PrintStreamOptions,
  ProcessOptions,
  RepartitionOptions,
  SinkOptions,
  SourceOptions,
  TableOptions,
} from './dsl/options.ts'
export type { ValueTransformer } from './operator/table-transform-values.ts'
export { type GraceOptions } from './window/bounds.ts'
export { session, type SessionWindows } from './window/session-windows.ts'
export { sliding, type SlidingWindows } from './window/sliding-windows.ts'
export { hopping, type HoppingOptions, type TimeWindows, tumbling } from './window/time-windows.ts'
export { unlimited, type UnlimitedOptions, type UnlimitedWindows } from './window/unlimited-windows.ts'
export type { JoinWindowOptions } from './window/join-windows.ts'
