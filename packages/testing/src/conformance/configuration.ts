/** Properties of a vector as options: those of the driver, and those that decide how the topology is built. */
import { fromProperties } from '@millrace/runtime/internal'
import type { TestDriverOptions } from '../driver/driver-options.ts'
import { timestampExtractor } from './extractors.ts'
import { serde } from './serdes.ts'
import type { Vector } from './vector.ts'

/** Properties that are about the topology, not about running it. */
const atBuild = new Set([
  'topology.optimization',
  'ensure.explicit.internal.resource.naming',
  'processor.wrapper.class',
])

/** Kafka's properties that decide how the topology is built, as they stand in the vector. */
export function buildProperties(vector: Vector): Readonly<Record<string, string>> {
  const given = Object.entries(vector.config ?? {})
  return Object.fromEntries(
    given.filter((entry): entry is [string, string] => atBuild.has(entry[0]) && entry[1] !== null),
  )
}

/**
 * Options of the driver; called when it starts, because Kafka too looks at properties only then.
 *
 * @throws {MR_CONFIG_…} for values that the options do not accept
 */
export function driverOptions(vector: Vector): TestDriverOptions {
  const config = vector.config ?? {}
  const plain: Record<string, string> = {}
  const internalConfig: Record<string, string | number> = {}
  const options: Record<string, unknown> = {
    applicationId: 'app',
    defaultKeySerde: serde('string'),
    defaultValueSerde: serde('string'),
    wallClockMs: vector.wallClock ?? 0,
  }
  for (const [property, value] of Object.entries(config)) {
    if (atBuild.has(property)) continue
    const special = specials[property]
    if (property.startsWith('__')) internalConfig[property] = Number(value)
    else if (special !== undefined) Object.assign(options, special(value))
    else if (value !== null) plain[property] = value
  }
  return { ...options, ...fromProperties(plain), internalConfig, withoutDefaultSerdes: true } as TestDriverOptions
}

/**
 * As above for a comparison with Kafka's test driver, which gives its global task a handler of its own, one that goes on and
 * knows no dead letter topic; an application has one handler for all.
 */
export function driverOptionsOfKafka(vector: Vector): TestDriverOptions {
  const options = driverOptions(vector)
  const goesOn = options.errorsDeadLetterQueueTopicName === undefined ? 'continue' : 'dead-letter'
  const answer = options.onDeserializationError === 'continue' ? goesOn : 'fail'
  return { ...options, onDeserializationError: (_, { taskId }) => (taskId === '-1_-1' ? 'continue' : answer) }
}

/** Properties whose values are names of the function library, or that the driver takes unchecked. */
const specials: Readonly<Record<string, (value: string | null) => object>> = {
  'application.id': (value) => ({ applicationId: value }),
  'default.key.serde': (value) => ({ defaultKeySerde: value === null ? undefined : serde(value) }),
  'default.value.serde': (value) => ({ defaultValueSerde: value === null ? undefined : serde(value) }),
  'default.timestamp.extractor': (value) => ({ defaultTimestampExtractor: timestampExtractor(value ?? 'fail') }),
  'deserialization.exception.handler': (value) => ({ onDeserializationError: handler(value) }),
  'processing.exception.handler': (value) => ({ onProcessingError: handler(value) }),
  'production.exception.handler': (value) =>
    value === 'continue' ? { onProductionError: () => 'continue' } : { onProductionError: 'fail' },
  'dsl.store.suppliers.class': (value) => ({ dslStoreSuppliers: value }),
  'dsl.store.format': (value) => ({ dslStoreFormat: value?.toLowerCase() }),
  'upgrade.from': (value) => ({ upgradeFrom: value }),
}

function handler(name: string | null): 'fail' | 'continue' {
  return name === 'log-and-continue' ? 'continue' : 'fail'
}
