/** What runs a topology; applications use it through `millrace`. */
export type { AppState, StateListener } from './life-cycle.ts'
export type { Metric } from './metrics.ts'
export type { UncaughtAnswer, UncaughtHandler } from './options.ts'
export type {
  DeserializationAnswer,
  DeserializationHandler,
  ErrorContext,
  ProcessingAnswer,
  ProcessingHandler,
  ProductionAnswer,
  ProductionFailure,
  ProductionHandler,
} from './handler/handlers.ts'
export { fromProperties, type PropertyValue } from './from-properties.ts'
export type { RuntimeOptions } from './options.ts'
export type { HostInfo } from './assignment/codec/assignment-info.ts'
export type { InstanceMetadata, KeyMetadataOptions, KeyQueryMetadata } from './query/instance-metadata.ts'
export type { LagInfo, WorkerTasks } from './query/queries.ts'
export type {
  HandleView,
  KeyValueView,
  NamedStoreQuery,
  Position,
  QueriedKind,
  QueriedStore,
  QueryableStoreType,
  SessionRange,
  SessionView,
  StoreQuery,
  StoreView,
  StoreViews,
  TimeRange,
  VersionedView,
  WindowView,
} from './query/views.ts'
export type { CloseOptions } from './streams-runtime.ts'
