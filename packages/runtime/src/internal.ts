/** Names for Millrace's own packages only. */
export { resolveOptions, type RuntimeOptions } from './options.ts'
export { fromProperties, refusedProperties } from './from-properties.ts'
export { defaultHandlers, type ErrorContext, type RecordHandlers } from './handler/handlers.ts'
export { GlobalTask, type GlobalTaskOptions } from './task/global-task.ts'
export type {
  DeferredRecord,
  GlobalStores,
  PartitionPosition,
  RawRecords,
  RecordCollector,
  TaskChangelog,
  TaskMetrics,
  TaskSettings,
} from './task/ports.ts'
export { type SingleRecord, singleRecord } from './task/single-record.ts'
export { Task } from './task/task.ts'
export type { TaskOptions } from './task/task-options.ts'
export { TaskCounters } from './task/task-counters.ts'
export {
  type AssignmentInfo,
  decodeAssignmentInfo,
  encodeAssignmentInfo,
  type HostInfo,
  type HostPartitions,
  type StandbyTask,
} from './assignment/codec/assignment-info.ts'
export {
  decodeSubscriptionInfo,
  encodeSubscriptionInfo,
  type SubscriptionInfo,
  type TaskOffsetSum,
} from './assignment/codec/subscription-info.ts'
export { nodeClock, nodeRandom, nodeTimers, nodeYield, stderrLogger } from './platform.ts'
export { optionTable, type OptionSpec } from './option-table.ts'
export { type ResolvedOptions } from './options.ts'
export { type RuntimeParts, StreamsRuntime } from './streams-runtime.ts'
export { reachCluster, type ReachOptions } from './reach-cluster.ts'
export { readPosition } from './changelog/positions.ts'
export { AtLeastOnceCommitter } from './commit/at-least-once.ts'
export { FetchedRecords } from './worker/fetched-records.ts'
export { ProducerCollector } from './worker/producer-collector.ts'
export { typeOfHandle } from './query/store-type.ts'
export { requireMethods, storesMethods } from './object-options.ts'
