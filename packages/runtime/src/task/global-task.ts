/**
 * Fills the stores that every instance holds whole. It reads all partitions of their topics, runs each record through
 * the processor of its store, and is the only writer; tasks read the stores through `GlobalStores`.
 *
 * Unlike a task it has no event time: records are taken as they come, with their own timestamps, and there are no
 * punctuations, sinks or changelogs. Errors of processors go to the processing handler only when
 * `processing.exception.handler.global.enabled` says so (KIP-1270). Nothing goes to a dead letter topic: a global task writes to
 * no topic, and a handler that wants a dead letter gets a warning, as in Kafka.
 */
import { formatTopicPartition, record, RecordError, FatalError, type StateStore, type TaskId } from '@millrace/core'
import type { BuiltTopology, GlobalStore, LiveStore, TopologyStore } from '@millrace/core/internal'
import type { EngineOperation, Logger, StoreEngine } from '@millrace/core/port'
import { deserializationFailed } from '../handler/deserialization.ts'
import { buildGraph, type Graph } from './graph.ts'
import type { LiveSource } from './live-source.ts'
import type { PartitionPosition, RawRecords, RecordCollector } from './ports.ts'
import { Punctuations } from './punctuation.ts'
import { type RawSource, TaskState, type TaskSurroundings } from './task-state.ts'
import { TaskStores } from './task-stores.ts'

export interface GlobalTaskOptions extends Omit<TaskSurroundings, 'id' | 'collector'> {
  readonly topology: BuiltTopology
  readonly engine: StoreEngine
  readonly memoryEngine: StoreEngine
}

/** Kafka gives the global task the id −1_−1 in errors. */
const globalTaskId: TaskId = { subTopology: -1, partition: -1 }

function noOutput(logger: Logger): RecordCollector {
  return {
    send: (topic) => logger.warn('A record of a global store is left out without a dead letter', { topic }),
    sendWhenKnown: () => undefined,
    partitionFor: () => 0,
    partitionCount: () => undefined,
  }
}

export class GlobalTask {
  private readonly state: TaskState
  private readonly stores: TaskStores
  private readonly graph: Graph
  private readonly plan: readonly GlobalStore[]
  private readonly offsets = new Map<string, PartitionPosition>()
  private readonly raw: { takenKey: Uint8Array | null; takenValue: Uint8Array | null }

  constructor(options: GlobalTaskOptions) {
    const { topology, engine, memoryEngine } = options
    this.plan = topology.globalStores
    this.state = new TaskState({ ...options, id: globalTaskId, collector: noOutput(options.logger) })
    this.raw = { takenKey: null, takenValue: null } satisfies RawSource
    const { state } = this
    const globalStores = (): undefined => undefined
    const planned = this.plan.map(storeOf)
    this.stores = new TaskStores({ topology, stores: planned, state, engine, memoryEngine, globalStores })
    this.graph = buildGraph({
      topology,
      nodes: this.plan.flatMap((each) => [each.source, each.processor]),
      state,
      stores: this.stores,
      punctuations: new Punctuations(state),
      handlesErrors: options.settings.processingHandlerGlobal,
    })
  }

  /** The stores with their topics; those that are not reprocessed are restored by `LiveStore.restore`. */
  restorable(): readonly { readonly plan: GlobalStore; readonly store: LiveStore }[] {
    return this.plan.map((plan) => ({ plan, store: this.stores.live(plan.definition.name) as LiveStore }))
  }

  load(): Promise<void> {
    return this.stores.load()
  }

  /**
   * Processors whose stores are filled by running their topics through them are initialised twice, once for that and once
   * for what follows, and no processor is ever closed: so it is in Kafka.
   *
   * @throws {MR_RUNTIME_INIT} if `init` of a processor throws
   */
  start(): void {
    this.state.readClock()
    const refilled = new Set(this.plan.filter((each) => each.reprocessOnRestore).map((each) => each.processor))
    for (const processor of this.graph.processors) if (refilled.has(processor.name)) processor.init()
    for (const processor of this.graph.processors) processor.init()
  }

  /** True when one of its stores is filled from this topic. */
  reads(topic: string): boolean {
    return this.plan.some((each) => each.topic === topic)
  }

  /**
   * Runs the records through the processor of their store.
   *
   * @throws {MR_RECORD_DESERIALIZE} if a record cannot be read and the handler answers `fail`
   * @throws what the processor throws, as it is, unless the processing handler is enabled for global stores
   */
  update(topic: string, partition: number, records: RawRecords): void {
    this.state.readClock()
    const source = this.graph.sources.find((each) => each.reads(topic))
    if (source === undefined) throw new FatalError('MR_RUNTIME_TOPIC', { topic, task: this.state.taskName })
    for (let i = 0; i < records.count; i++) this.one(source, topic, partition, records, i)
    const position = { topic, partition, offset: records.nextOffset, metadata: '' }
    this.offsets.set(formatTopicPartition(topic, partition), position)
  }

  /** Offsets up to which its topics have been applied. */
  positions(): readonly PartitionPosition[] {
    return [...this.offsets.values()]
  }

  flushStores(): void {
    this.stores.flush()
  }

  stage(): EngineOperation[] {
    return this.stores.stage()
  }

  committed(): void {
    this.stores.committed()
  }

  close(): void {
    this.stores.close()
  }

  store(name: string): LiveStore | undefined {
    return this.stores.live(name)
  }

  view(name: string): StateStore | undefined {
    return this.stores.live(name)?.view
  }

  private one(source: LiveSource, topic: string, partition: number, records: RawRecords, index: number): void {
    const headers = records.headersAt(index)
    const timestampMs = records.timestampAt(index)
    const offset = records.offsetAt(index)
    const keyBytes = records.keyAt(index)
    const valueBytes = records.valueAt(index)
    this.raw.takenKey = keyBytes
    this.raw.takenValue = valueBytes
    const context = { topic, partition, offset, timestampMs, headers }
    this.state.setRecord({ context, metadata: { topic, partition, offset }, source: this.raw })
    let key: unknown
    let value: unknown
    try {
      key =
        keyBytes === null
          ? nullPart(source.node.acceptsNullKey, 'KEY', context)
          : source.key.deserialize(keyBytes, topic, headers)
      value =
        valueBytes === null
          ? nullPart(source.node.acceptsNullValue, 'VALUE', context)
          : source.value.deserialize(valueBytes, topic, headers)
    } catch (error) {
      deserializationFailed(this.state, error, this.state.errorContext(source.name, null))
      this.state.metrics.count('dropped-records-total', 1)
      return
    }
    source.context.forward(record(key, value, timestampMs, headers))
  }
}

function nullPart(
  accepted: boolean,
  part: 'KEY' | 'VALUE',
  position: { readonly topic: string; readonly partition: number; readonly offset: number },
): null {
  const { topic, partition, offset } = position
  if (!accepted) throw new RecordError(`MR_RECORD_NULL_${part}`, { topic, partition, offset })
  return null
}

function storeOf(global: GlobalStore): TopologyStore {
  return {
    definition: global.definition,
    processors: [global.processor],
    changelogTopic: null,
    changelogIsSource: true,
  }
}
