/**
 * The stores of one task: opened at once, in the order of the topology, each under its own two-byte prefix of the task's
 * engine; seen by nodes that are connected to them; flushed, staged and committed together.
 */
import {
  type Headers,
  StoreUnavailableError,
  RecordError,
  type StateStore,
  type StoreDefinition,
  StreamsError,
} from '@millrace/core'
import {
  type BuiltTopology,
  type LiveStore,
  openStore,
  type StoreHost,
  type TopologyStore,
  withDefaults,
} from '@millrace/core/internal'
import type { EngineOperation, StoreEngine } from '@millrace/core/port'
import { toError } from '../handler/dead-letter.ts'
import type { GlobalStores, TaskChangelog } from './ports.ts'
import type { StoreAccess } from './processor-context.ts'
import type { TaskState } from './task-state.ts'

export interface StorePlan {
  readonly topology: BuiltTopology
  /** Stores of this task, in the order in which they are opened and flushed. */
  readonly stores: readonly TopologyStore[]
  readonly state: TaskState
  /** Engine of disk stores. */
  readonly engine: StoreEngine
  /** Engine of memory stores; never on disk. */
  readonly memoryEngine: StoreEngine
  readonly globalStores: GlobalStores
}

export class TaskStores implements StoreAccess {
  readonly changelogs: readonly TaskChangelog[]
  private readonly state: TaskState
  private readonly globalStores: GlobalStores
  private readonly memoryEngine: StoreEngine
  private readonly byName = new Map<string, LiveStore>()
  private readonly connected = new Map<string, Set<string>>()
  private memoryOperations: EngineOperation[] = []
  private pinned = 0

  /** @throws what opening a store throws: a missing serde (MR_CONFIG_SERDE), a damaged engine */
  constructor(plan: StorePlan) {
    this.state = plan.state
    this.globalStores = plan.globalStores
    this.memoryEngine = plan.memoryEngine
    const changelogs: TaskChangelog[] = []
    plan.stores.forEach((planned, index) => {
      const definition = withDefaults(planned.definition, plan.state.settings.serdes)
      const store = openStore(
        definition as StoreDefinition<never, never>,
        this.hostOf(planned, index, plan),
      ) as LiveStore
      this.byName.set(definition.name, store)
      for (const node of planned.processors) this.connect(node, definition.name)
      if (planned.changelogTopic === null) return
      const topic = plan.topology.topicName(planned.changelogTopic, plan.state.applicationId)
      changelogs.push({
        topic,
        partition: plan.state.partition,
        isSource: planned.changelogIsSource,
        definition,
        store,
      })
    })
    this.changelogs = changelogs
  }

  /** Bytes of entries that are not in the engine yet. */
  get pinnedBytes(): number {
    return this.pinned
  }

  live(name: string): LiveStore | undefined {
    return this.byName.get(name)
  }

  /** In the order in which they are flushed. */
  all(): Iterable<LiveStore> {
    return this.byName.values()
  }

  view(node: string, store: string): StateStore {
    const global = this.globalStores(store)
    if (global !== undefined) return global
    const live = this.byName.get(store)
    if (live === undefined || this.connected.get(node)?.has(store) !== true) {
      throw new StoreUnavailableError('MR_STORE_NOT_CONNECTED', { node, store })
    }
    return live.view
  }

  async load(): Promise<void> {
    for (const store of this.byName.values()) await store.load()
  }

  /**
   * Flushes all stores in order. When one fails the others are still flushed, and the first error is thrown.
   *
   * @throws {MR_STORE_FLUSH} (RecordError) around the error of a node below the store
   */
  flush(): void {
    let first: unknown
    let failed = false
    for (const [name, store] of this.byName) {
      try {
        store.flush()
      } catch (thrown) {
        if (!failed) first = this.flushError(name, thrown)
        failed = true
      }
    }
    if (failed) throw first
  }

  /** Operations of disk stores, for one batch of the task's engine. */
  stage(): EngineOperation[] {
    const disk: EngineOperation[] = []
    for (const store of this.byName.values()) {
      store.stage(store.definition.type === 'memory' ? this.memoryOperations : disk)
    }
    return disk
  }

  /** The staged operations are in the engine; those of memory stores are applied now. */
  committed(): void {
    if (this.memoryOperations.length > 0) {
      const operations = this.memoryOperations
      this.memoryOperations = []
      void this.memoryEngine.write(operations)
    }
    for (const store of this.byName.values()) store.committed()
  }

  rollback(): void {
    this.memoryOperations = []
    for (const store of this.byName.values()) store.rollback()
    this.pinned = 0
  }

  close(): void {
    for (const store of this.byName.values()) store.close()
    this.byName.clear()
  }

  private connect(node: string, store: string): void {
    const stores = this.connected.get(node)
    if (stores === undefined) this.connected.set(node, new Set([store]))
    else stores.add(store)
  }

  private hostOf(planned: TopologyStore, index: number, plan: StorePlan): StoreHost {
    const { state } = plan
    const topicName = planned.changelogTopic ?? `${planned.definition.name}-changelog`
    const topic =
      planned.changelogTopic === null
        ? `${state.applicationId}-${topicName}`
        : plan.topology.topicName(topicName, state.applicationId)
    const { collector, partition } = state
    const writes = planned.changelogTopic !== null && !planned.changelogIsSource
    return {
      taskName: state.taskName,
      engine: planned.definition.type === 'memory' ? plan.memoryEngine : plan.engine,
      enginePrefix: prefixOf(index),
      current: state.current,
      changelog: writes
        ? (key: Uint8Array, value: Uint8Array | null, timestampMs: number | null, headers: Headers): void =>
            collector.send(topic, partition, key, value, timestampMs, headers)
        : null,
      changelogTopic: topic,
      droppedRecord: () => state.metrics.count('dropped-records-total', 1),
      pinnedBytes: (delta) => {
        this.pinned += delta
      },
      cacheBytesMax: state.settings.cacheBytesMax,
      ...(state.settings.readBudget === undefined ? {} : { readBudget: state.settings.readBudget }),
      nowMs: () => state.nowMs,
    }
  }

  private flushError(store: string, thrown: unknown): unknown {
    const code = thrown instanceof StreamsError ? thrown.code : null
    if (code !== null && code !== 'MR_RECORD_PROCESS' && code !== 'MR_STORE_WINDOW') return thrown
    const wrapped = toError(thrown)
    const cause = code === 'MR_RECORD_PROCESS' ? toError(wrapped.cause) : wrapped
    const details = { store, task: this.state.taskName, reason: wrapped.message }
    return new RecordError('MR_STORE_FLUSH', details, { cause })
  }
}

/** Two bytes, big-endian, from 1 on: 0 holds the task's own rows (offsets, commit counter). */
function prefixOf(index: number): Uint8Array {
  const number = index + 1
  return Uint8Array.of((number >>> 8) & 0xff, number & 0xff)
}
