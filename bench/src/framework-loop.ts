/** A task of the runtime on encoded batches, without a broker: queue, choose, process, store, collect, flush, commit. */
import type { StreamsBuilder } from 'millrace'
import { silentLogger, type StoreEngine } from '@millrace/core/port'
import { type BuiltTopology, memoryEngine } from '@millrace/core/internal'
import { decodeBatches, RecordBatchBuilder } from '@millrace/protocol/internal'
import { type DeferredRecord, type RecordCollector, resolveOptions, Task } from '@millrace/runtime/internal'

/** Appends every record to an open batch per topic, as the producer does, and counts bytes. */
class BatchCollector implements RecordCollector {
  bytes = 0
  private readonly builders = new Map<string, RecordBatchBuilder>()

  send(...[topic, , key, value, timestampMs, headers]: Parameters<RecordCollector['send']>): void {
    let builder = this.builders.get(topic)
    if (builder === undefined) this.builders.set(topic, (builder = new RecordBatchBuilder(256 * 1024)))
    if (builder.append(key, value, timestampMs ?? 0, headers) > 128 * 1024) this.bytes += builder.build().length
  }

  sendWhenKnown(record: DeferredRecord): void {
    this.send(record.topic, null, record.key, record.value, record.timestampMs, record.headers)
  }

  partitionCount(): number {
    return 1
  }

  partitionFor(): number {
    return 0
  }

  flush(): void {
    for (const builder of this.builders.values()) if (builder.count > 0) this.bytes += builder.build().length
  }
}

export interface LoopOptions {
  readonly batches: readonly Uint8Array[]
  /** Engine of disk stores; default memory. */
  readonly engine?: StoreEngine
  /** Engine of memory stores. */
  readonly memory?: StoreEngine
  /** A commit after this many records. */
  readonly commitEvery: number
  /** Batches of other topics of the same sub-topology, read before `in`: the other side of a join. */
  readonly before?: Readonly<Record<string, readonly Uint8Array[]>>
  /** Share of the cache, bytes; default 0 = no caching. */
  readonly cacheBytes?: number
  /** Called after each commit. */
  readonly committed?: (task: Task) => void | Promise<void>
}

/** Runs all batches of topic `in`, partition 0, through the topology once. @returns bytes written */
export async function frameworkLoop(builder: StreamsBuilder, options: LoopOptions): Promise<number> {
  const topology = builder.build().build({}) as BuiltTopology
  const resolved = resolveOptions({ applicationId: 'bench', statestoreCacheMaxBytes: options.cacheBytes ?? 0 })
  const collector = new BatchCollector()
  const engine = options.engine ?? memoryEngine('bench')
  const task = await Task.open({
    topology,
    subTopology: 0,
    id: { subTopology: 0, partition: 0 },
    applicationId: 'bench',
    engine,
    memoryEngine: options.memory ?? memoryEngine('bench-memory'),
    collector,
    clock: { nowMs: () => 0 },
    settings: {
      cacheBytesMax: options.cacheBytes ?? 0,
      serdes: { key: null, value: null },
      timestampExtractor: resolved.defaultTimestampExtractor,
      deadLetterTopic: null,
      processingHandlerGlobal: false,
      config: () => undefined,
    },
    handlers: resolved.handlers,
    logger: silentLogger,
    metrics: { count: () => undefined },
  })
  const commit = async (): Promise<void> => {
    task.flushStores()
    await engine.write(task.stage())
    task.committed(task.committableOffsets())
    await options.committed?.(task)
  }
  let since = 0
  const topics = [...Object.entries(options.before ?? {}), ['in', options.batches] as const]
  for (const [topic, batches] of topics) {
    for (const encoded of batches) {
      for (const batch of decodeBatches(encoded)) {
        task.enqueue(topic, 0, Object.assign(batch, { nextOffset: batch.header.lastOffset + 1 }))
        since += batch.count
      }
      while (task.process(1_000) > 0);
      if (since < options.commitEvery) continue
      since = 0
      await commit()
    }
  }
  if (options.committed !== undefined) await commit()
  collector.flush()
  task.close(true)
  return collector.bytes
}
