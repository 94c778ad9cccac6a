/** Options of an application as users give them: those of the runtime, the cluster, and where state is kept. */
import type { StoreEngineProvider } from '@millrace/core/port'
import type { RuntimeOptions } from '@millrace/runtime'
import type { KafkaTarget } from './transport-of.ts'

/**
 * All options of an application. Unknown names, wrong units and impossible combinations are `ConfigError`s at
 * construction. Kafka's own property names are accepted through `fromProperties`.
 */
export interface StreamsOptions extends RuntimeOptions {
  /** Brokers and security as kafkajs takes them, a Kafka instance of kafkajs, or an embedded broker. */
  readonly kafka: KafkaTarget
  /** Engines of the state; default `levelStores` in `<stateDirectory>/<applicationId>`. `memoryStores()` keeps nothing on disk. */
  readonly stores?: StoreEngineProvider
}

/** Names of the options that the runtime does not know. */
export const presetOptions: readonly (keyof StreamsOptions)[] = ['kafka', 'stores']
