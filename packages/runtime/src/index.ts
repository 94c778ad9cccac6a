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
export type { KeyValueView, SessionView, StoreView, VersionedView, WindowView } from './query/store-views.ts'
export type { CloseOptions, InstanceMetadata } from './streams-runtime.ts'
