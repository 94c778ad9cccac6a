/**
 * Everything that can be asked of a running application: its stores, who has which of them, how far copies are behind.
 *
 * It reads what workers hold and changes nothing.
 */
import { FatalError, type StateStore, type TopicPartition } from '@millrace/core'
import { type BuiltTopology, requireKnown, withDefaults, type SerdeDefaults } from '@millrace/core/internal'
import { type Cluster, listOffsets, listTopics } from '@millrace/protocol'
import type { ReceivedAssignment } from '../assignment/received-assignment.ts'
import type { AppState } from '../life-cycle.ts'
import type { HeldTask } from '../worker/held-task.ts'
import type { Worker } from '../worker/worker.ts'
import {
  hostsOf,
  type InstanceMetadata,
  instancesOf,
  type KeyMetadataOptions,
  type KeyQueryMetadata,
  partitionOfKey,
  sourceTopicsOf,
} from './instance-metadata.ts'
import { type AskedStore, queryStore, unknownStore } from './local-stores.ts'
import type { QueriedStore } from './views.ts'

/** How far a local copy of a store is behind its changelog, in offsets of that topic. */
export interface LagInfo {
  /** Next changelog record that the copy needs. */
  readonly currentOffset: number
  readonly endOffset: number
  readonly lag: number
}

/** Tasks of one worker of this process. */
export interface WorkerTasks {
  readonly worker: string
  readonly active: readonly string[]
  readonly standby: readonly string[]
}

/** The application as its queries see it. */
export interface QueriedApplication {
  readonly topology: BuiltTopology
  readonly applicationId: string
  readonly serdes: SerdeDefaults
  state(): AppState
  workers(): readonly Worker[]
  globalView(name: string): StateStore | undefined
  /** Null before the start. */
  adminCluster(): Cluster | null
  yieldTurn(): Promise<void>
}

/** A local store with the next changelog record it needs; null = it runs and is at the end. */
interface Copy extends TopicPartition {
  readonly store: string
  readonly reached: number | null
}

function copies(worker: Worker, held: HeldTask): Copy[] {
  const restored = held.phase === 'running' ? null : (worker.restorePositions(held.name) ?? [])
  return (held.visible?.changelogs() ?? []).map(({ topic, partition, definition }) => {
    const reached = restored?.find((one) => one.topic === topic && one.partition === partition)?.offset ?? 0
    return { topic, partition, store: definition.name, reached: restored === null ? null : reached }
  })
}

/** What cuts a store into partitions. */
interface Cut {
  readonly topics: readonly string[]
  readonly count: number
}

export class Queries {
  readonly #app: QueriedApplication
  #cuts: { readonly of: ReceivedAssignment | null; readonly byStore: Map<string, Cut> } = {
    of: null,
    byStore: new Map(),
  }

  constructor(app: QueriedApplication) {
    this.#app = app
  }

  /**
   * A read-only face over a store's local partitions.
   *
   * @throws {MR_RUNTIME_STORE_UNKNOWN} {MR_RUNTIME_STORE_TYPE} (ConfigError)
   */
  store(asked: AskedStore): QueriedStore {
    const app = this.#app
    const tasks = (): Iterable<HeldTask> => app.workers().flatMap((worker) => [...(worker.tasks?.all ?? [])])
    return queryStore(
      {
        topology: app.topology,
        state: () => app.state(),
        tasks,
        globalView: (name) => app.globalView(name),
        yieldTurn: async () => app.yieldTurn(),
      },
      asked,
    )
  }

  /** Instances that named an `applicationServer`, as of the last rebalance. */
  instances(): readonly InstanceMetadata[] {
    return instancesOf(this.#app.topology, this.#app.applicationId, this.#assignment())
  }

  /** Instances that hold a store, or a copy of it. @throws {MR_RUNTIME_STORE_UNKNOWN} (ConfigError) */
  instancesWith(store: string): readonly InstanceMetadata[] {
    const { topology } = this.#app
    const known = [...topology.stores, ...topology.globalStores].some(({ definition }) => definition.name === store)
    if (!known) throw unknownStore(topology, store)
    return this.instances().filter((one) => one.stores.includes(store) || one.standbyStores.includes(store))
  }

  /**
   * Where a key of a store is kept. Partition counts are asked of the cluster once.
   *
   * @throws {MR_RUNTIME_STORE_UNKNOWN} {MR_CONFIG_SERDE} (ConfigError) {MR_RUNTIME_STATE} (FatalError)
   */
  async keyMetadata(store: string, key: unknown, options: KeyMetadataOptions): Promise<KeyQueryMetadata> {
    requireKnown(options, ['key', 'partitioner'], 'app.queryMetadataForKey')
    const { topology, serdes } = this.#app
    const { topics, count } = await this.#cutOf(store)
    const kept = topology.stores.find(({ definition }) => definition.name === store)?.definition
    const serde = kept === undefined ? null : withDefaults(kept, serdes).key
    const partition = partitionOfKey(key, serde, { store, topic: topics[0] ?? '', count, options })
    return hostsOf(this.instances(), topics, partition)
  }

  /**
   * How far each local store is behind, by store and partition; running ones are at the end.
   *
   * @throws {MR_RUNTIME_STATE} (FatalError) the application was not started
   */
  async lags(): Promise<ReadonlyMap<string, ReadonlyMap<number, LagInfo>>> {
    const cluster = this.#cluster('ask for lags')
    const parts = this.#app
      .workers()
      .flatMap((worker) => [...(worker.tasks?.all ?? [])].flatMap((held) => copies(worker, held)))
    const ends = await listOffsets(
      cluster,
      parts.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const })),
    )
    const lags = new Map<string, Map<number, LagInfo>>()
    for (const [i, { store, partition, reached }] of parts.entries()) {
      const endOffset = ends[i]?.offset ?? 0
      const currentOffset = reached ?? endOffset
      const byPartition = lags.get(store) ?? new Map<number, LagInfo>()
      byPartition.set(partition, { currentOffset, endOffset, lag: Math.max(0, endOffset - currentOffset) })
      lags.set(store, byPartition)
    }
    return lags
  }

  /** Tasks of this process by worker. */
  localTasks(): readonly WorkerTasks[] {
    return this.#app.workers().map((worker) => {
      const held = [...(worker.tasks?.all ?? [])]
      const names = (isStandby: boolean): string[] =>
        held.filter((one) => one.isStandby === isStandby).map((one) => one.name)
      return { worker: worker.name, active: names(false), standby: names(true) }
    })
  }

  /** The source topics of a store and the number of its partitions; asked of the cluster once after each rebalance. */
  async #cutOf(store: string): Promise<Cut> {
    const { topology, applicationId } = this.#app
    const cluster = this.#cluster('find the partition of a key')
    const assignment = this.#assignment()
    if (this.#cuts.of !== assignment) this.#cuts = { of: assignment, byStore: new Map() }
    const { byStore } = this.#cuts
    const known = byStore.get(store)
    if (known !== undefined) return known
    const all = await listTopics(cluster)
    const topics = sourceTopicsOf(topology, applicationId, { store, topics: [...all.keys()] })
    const cut = { topics, count: Math.max(1, ...topics.map((topic) => all.get(topic)?.partitions.length ?? 0)) }
    byStore.set(store, cut)
    return cut
  }

  #assignment(): ReceivedAssignment | null {
    const all = this.#app.workers().map((worker) => worker.assignment)
    return all.find((assignment) => assignment !== null) ?? null
  }

  #cluster(what: string): Cluster {
    const cluster = this.#app.adminCluster()
    if (cluster === null) throw new FatalError('MR_RUNTIME_STATE', { what, state: this.#app.state() })
    return cluster
  }
}
