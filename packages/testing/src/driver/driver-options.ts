/** Options of a test driver: those of an application as far as they matter without a cluster, with the same defaults. */
import type { Logger } from '@millrace/core/port'
import type { RecordHandlers, TaskSettings } from '@millrace/runtime/internal'
import { resolveOptions, type RuntimeOptions } from '@millrace/runtime'

export interface TestDriverOptions extends Partial<RuntimeOptions> {
  /** Wall-clock time at first, ms since the epoch; default 0. */
  readonly wallClockMs?: number
}

export interface DriverSettings {
  readonly applicationId: string
  readonly wallClockMs: number
  readonly task: TaskSettings
  readonly handlers: RecordHandlers
  readonly logger: Logger | null
}

/** Emission throttles of Kafka's operators: off in a driver, so that nothing depends on wall-clock time unless asked. */
const throttles: Readonly<Record<string, number>> = {
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__': 0,
  '__emit.interval.ms.kstreams.windowed.aggregation__': 0,
}

/**
 * Fills in defaults. The application id may be any text: it is never checked against a cluster.
 *
 * @throws {MR_CONFIG_…} as the constructor of an application would
 */
export function resolveDriverOptions(options: TestDriverOptions): DriverSettings {
  const { wallClockMs = 0, applicationId = 'test', ...rest } = options
  const resolved = resolveOptions({ ...rest, applicationId: 'test' })
  const config = { ...throttles, ...resolved.internalConfig }
  return {
    applicationId,
    wallClockMs,
    handlers: resolved.handlers,
    logger: resolved.logger,
    task: {
      cacheBytesMax: resolved.statestoreCacheMaxBytes,
      serdes: { key: resolved.defaultKeySerde, value: resolved.defaultValueSerde },
      timestampExtractor: resolved.defaultTimestampExtractor,
      deadLetterTopic: resolved.errorsDeadLetterQueueTopicName,
      processingHandlerGlobal: resolved.processingExceptionHandlerGlobalEnabled,
      config: (name) => config[name],
    },
  }
}
