/** Options of a test driver: those of an application as far as they matter without a cluster, with the same defaults. */
import { ConfigError, type Serde } from '@millrace/core'
import type { BuildSettings } from '@millrace/core/internal'
import type { Logger } from '@millrace/core/port'
import type { RecordHandlers, TaskSettings } from '@millrace/runtime/internal'
import { resolveOptions, type RuntimeOptions } from '@millrace/runtime/internal'
import { msgpack } from '@millrace/serde-msgpack'

export interface TestDriverOptions extends Partial<RuntimeOptions> {
  /** Wall-clock time at first, ms since the epoch; default 0. */
  readonly wallClockMs?: number
  /** `dsl.store.suppliers.class`: engine of the DSL's stores; default `rocksdb`, which stands for the engine on disk. */
  readonly dslStoreSuppliers?: 'rocksdb' | 'in-memory'
  /** `dsl.store.format`: whether the DSL's stores keep headers (KIP-1285); default `default`. */
  readonly dslStoreFormat?: 'default' | 'headers'
  /** True: topics and stores without a serde have none, instead of the preset's for internal topics. @internal */
  readonly withoutDefaultSerdes?: boolean
  /** `upgrade.from`: the release whose formats are still written; default none. */
  readonly upgradeFrom?: string
}

export interface DriverSettings {
  readonly applicationId: string
  readonly wallClockMs: number
  readonly build: BuildSettings
  readonly checksKeySerdes: boolean
  readonly task: TaskSettings
  readonly handlers: RecordHandlers
  readonly logger: Logger | null
}

/** Emission throttles of Kafka's operators: off in a driver, so that nothing depends on wall-clock time unless asked. */
const throttles: Readonly<Record<string, number>> = {
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__': 0,
  '__emit.interval.ms.kstreams.windowed.aggregation__': 0,
}

/** Releases of Kafka Streams that `upgrade.from` may name. */
const releases: readonly string[] = '2.4 2.5 2.6 2.7 2.8 3.0 3.1 3.2 3.3 3.4 3.5 3.6 3.7 3.8 3.9 4.0 4.1 4.2'.split(' ')

/**
 * Fills in defaults. The application id may be any text: it is never checked against a cluster.
 *
 * @throws {MR_CONFIG_…} as the constructor of an application would
 */
export function resolveDriverOptions(options: TestDriverOptions): DriverSettings {
  const { wallClockMs = 0, applicationId = 'test', dslStoreSuppliers, dslStoreFormat, upgradeFrom, ...more } = options
  const { withoutDefaultSerdes = false, ...rest } = more
  const resolved = resolveOptions({ ...rest, applicationId: 'test' })
  const suppliers = oneOf('dslStoreSuppliers', dslStoreSuppliers ?? 'rocksdb', ['rocksdb', 'in-memory'])
  const format = oneOf('dslStoreFormat', dslStoreFormat ?? 'default', ['default', 'headers'])
  if (upgradeFrom !== undefined) oneOf('upgradeFrom', upgradeFrom, releases)
  const preset = msgpack()
  const serdes = withoutDefaultSerdes
    ? { key: resolved.defaultKeySerde, value: resolved.defaultValueSerde }
    : {
        key: resolved.defaultKeySerde ?? (preset.forKeys?.() as Serde<unknown>),
        value: resolved.defaultValueSerde ?? preset,
      }
  const config: Readonly<Record<string, string | number | boolean | undefined>> = {
    ...throttles,
    'upgrade.from': upgradeFrom,
    ...resolved.internalConfig,
  }
  return {
    applicationId,
    wallClockMs,
    handlers: resolved.handlers,
    logger: resolved.logger,
    build: { suppliers, format, serdes },
    checksKeySerdes: !withoutDefaultSerdes,
    task: {
      cacheBytesMax: resolved.statestoreCacheMaxBytes,
      serdes,
      timestampExtractor: resolved.defaultTimestampExtractor,
      deadLetterTopic: resolved.errorsDeadLetterQueueTopicName,
      processingHandlerGlobal: resolved.processingExceptionHandlerGlobalEnabled,
      config: (name) => config[name],
    },
  }
}

function oneOf<T extends string>(option: string, value: T, accepted: readonly T[]): T {
  if (accepted.includes(value)) return value
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: `"${value}"`, accepted: accepted.join(', ') })
}
