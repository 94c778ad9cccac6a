/**
 * The topology of a vector on the whole runtime: with any transport and any stores, so that the same set-up runs on the
 * embedded broker and, as an application of its own, on a cluster.
 */
import type { BuiltTopology } from '@millrace/core/internal'
import type { Logger, StoreEngineProvider, Transport } from '@millrace/core/port'
import { type Cluster, createTopics, isAlreadyThere, assertTopics, waitForTopics } from '@millrace/protocol'
import {
  nodeClock,
  nodeRandom,
  nodeTimers,
  nodeYield,
  type ResolvedOptions,
  resolveOptions,
  StreamsRuntime,
} from '@millrace/runtime/internal'
import { buildVector } from './build-vector.ts'
import { driverOptions } from './configuration.ts'
import { topicsOf, type VectorTopics } from './internal-topics.ts'
import type { Vector } from './vector.ts'

/** Kafka's properties of a run, beside those of the vector. */
export type Properties = Readonly<Record<string, string>>

/** A vector made ready to run as an application. */
export interface VectorApplication {
  readonly topology: BuiltTopology
  readonly options: ResolvedOptions
  readonly topics: VectorTopics
}

/**
 * Builds the topology and checks the options, as the constructor of an application would.
 *
 * @param properties override those of the vector
 * @throws what building and the check of options throw, and UnknownSpec
 */
export function vectorApplication(given: Vector, applicationId: string, properties: Properties): VectorApplication {
  const vector = { ...given, config: { ...given.config, ...properties, 'application.id': applicationId } }
  const built = buildVector(vector)
  const { wallClockMs: _, withoutDefaultSerdes: __, ...rest } = driverOptions(vector)
  const options = resolveOptions({ ...rest, applicationId })
  const { dslStoreSuppliers: suppliers, dslStoreFormat: format } = options
  const topology = built.build({ suppliers, format, serdes: serdesOf(options) })
  return { topology, options, topics: topicsOf(given, topology, applicationId) }
}

/** What an application of a vector stands on. */
export interface ApplicationPlace {
  /** Closed with the runtime. */
  readonly transport: Transport
  readonly stores: StoreEngineProvider
  readonly stateDirectory: string | null
  readonly logger: Logger
}

/** The runtime, not started. */
export function vectorRuntime({ topology, options }: VectorApplication, place: ApplicationPlace): StreamsRuntime {
  return new StreamsRuntime({
    topology,
    options,
    around: { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: place.logger },
    transport: place.transport,
    serdes: serdesOf(options),
    stateDirectory: place.stateDirectory,
    stores: place.stores,
    yieldTurn: nodeYield,
  })
}

/** Creates what is missing. Records are kept whatever their age: vectors live in 1970. */
export async function createVectorTopics(
  cluster: Cluster,
  topics: readonly string[],
  partitions: number = 1,
): Promise<void> {
  const wanted = topics.map((name) => ({ name, partitions, configs: { 'retention.ms': '-1' } }))
  const results = await createTopics(cluster, wanted)
  assertTopics(results.filter((result) => !isAlreadyThere(result)))
  await waitForTopics(cluster, topics, { missingMs: 10_000 })
}

function serdesOf(options: ResolvedOptions): {
  key: ResolvedOptions['defaultKeySerde']
  value: ResolvedOptions['defaultValueSerde']
} {
  return { key: options.defaultKeySerde, value: options.defaultValueSerde }
}
