/**
 * The collector of a worker's tasks: output records go into the producer's open batches, by partition.
 *
 * Synchronous and without allocation per record. Partition counts are frozen when a topic is first used, so that a
 * record that is sent again, and the next one with its key, go to the same partition. A topic that is not known yet (a
 * name chosen per record) waits, in order, until the metadata is there.
 */
import { FatalError, formatTopicPartition, type Headers, RecordError, RetriableError } from '@millrace/core'
import type { Logger, Random } from '@millrace/core/port'
import { type PartitionAppender, partitionForKey, type RefusedBatch } from '@millrace/protocol'
import type { ErrorContext, RecordHandlers } from '../handler/handlers.ts'
import { toError } from '../handler/dead-letter.ts'
import { productionFailed } from '../handler/production.ts'
import type { DeferredRecord, RecordCollector } from '../task/ports.ts'

/** What the collector needs of the producer and its cluster. */
export interface CollectorTarget {
  partition(topic: string, partition: number): PartitionAppender
  /** Partitions of a topic as of the metadata; undefined = not known. */
  partitionCount(topic: string): number | undefined
  /** Resolves when the topic is known. @throws {MR_PROTOCOL_TOPIC_MISSING} */
  needTopics(topics: readonly string[]): Promise<void>
}

/** How the collector works. */
export interface CollectorOptions {
  readonly handlers: RecordHandlers
  readonly deadLetterTopic: string | null
  readonly logger: Logger
  readonly random: Random
  /** Bytes after which records without a key go to another partition (KIP-794). */
  readonly stickyBytes: number
  /** Wall-clock time of this round. */
  nowMs(): number
}

/** One topic that is written to. */
interface OutputTopic {
  readonly name: string
  readonly count: number
  readonly appenders: (PartitionAppender | undefined)[]
  sticky: number
  stickyBytes: number
}

interface WaitingRecord {
  /** Null: the default partitioner. A function: asked when the topic is known. */
  readonly partition: number | null | DeferredRecord['choose']
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
  readonly headers: Headers
}

export class ProducerCollector implements RecordCollector {
  readonly #target: CollectorTarget
  readonly #options: CollectorOptions
  readonly #topics = new Map<string, OutputTopic>()
  readonly #waiting = new Map<string, WaitingRecord[]>()
  /** Last acknowledged offset of the changelogs that are watched. */
  readonly #acknowledged = new Map<string, number>()
  /** Records left out because the cluster or the producer refused them. */
  recordsDropped = 0
  recordsSent = 0
  #isClosed = false
  /** Why the worker must stop: the production handler answered `fail` (or `retry`) for a refused record. */
  failure: Error | null = null

  constructor(target: CollectorTarget, options: CollectorOptions) {
    this.#target = target
    this.#options = options
  }

  send(
    topic: string,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
    headers: Headers,
  ): void {
    const output = this.#topics.get(topic) ?? this.#known(topic)
    if (output === undefined || this.#waiting.size > 0) {
      if (output === undefined || this.#waiting.has(topic)) {
        this.#wait(topic, { partition, key, value, timestampMs, headers })
        return
      }
    }
    this.#append(output, partition, key, value, timestampMs, headers)
  }

  sendWhenKnown({ topic, choose, ...record }: DeferredRecord): void {
    this.#wait(topic, { ...record, partition: choose })
  }

  /** @throws {MR_RECORD_PARTITIONS} if the topic is not known yet */
  partitionFor(topic: string, key: Uint8Array): number {
    const count = this.partitionCount(topic)
    if (count === undefined) throw new FatalError('MR_RECORD_PARTITIONS', { node: '', topic })
    return partitionForKey(key, count)
  }

  partitionCount(topic: string): number | undefined {
    return (this.#topics.get(topic) ?? this.#known(topic))?.count
  }

  /** True while records wait for their topic. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Sends what waited for its topic; to be awaited before each flush. Resolves at once when nothing waits.
   *
   * @throws {MR_RECORD_PRODUCE} a record was refused and the production handler answered `fail`: nothing may be committed
   */
  async settle(): Promise<void> {
    while (this.#waiting.size > 0) {
      await this.#target.needTopics([...this.#waiting.keys()])
      this.#sendWaiting()
    }
    if (this.failure !== null) throw this.failure
  }

  /** Nothing waits any more, and nothing will be sent: the producer is closed. */
  close(): void {
    this.#isClosed = true
    this.#waiting.clear()
  }

  /** Begins to keep the acknowledged offset of a changelog partition, from nothing. */
  watch(topic: string, partition: number): void {
    this.#acknowledged.set(formatTopicPartition(topic, partition), -1)
  }

  unwatch(topic: string, partition: number): void {
    this.#acknowledged.delete(formatTopicPartition(topic, partition))
  }

  /** Last acknowledged offset since `watch`; undefined = none. */
  acknowledgedOffset(topic: string, partition: number): number | undefined {
    const offset = this.#acknowledged.get(formatTopicPartition(topic, partition))
    return offset === undefined || offset < 0 ? undefined : offset
  }

  /** The producer's `onAcked`. An offset of −1 (a repeated batch the broker no longer knows) moves nothing. */
  onAcked(topic: string, partition: number, lastOffset: number): void {
    const name = formatTopicPartition(topic, partition)
    const known = this.#acknowledged.get(name)
    if (known !== undefined && lastOffset > known) this.#acknowledged.set(name, lastOffset)
  }

  /** The producer's `onRefused`: asks the production handler about every record of the batch. */
  onRefused(refused: RefusedBatch): 'drop' | 'fail' {
    const { error, topic, partition } = refused
    // What no record is to blame for (rights, a topic that is gone) is not asked about: it would fail for all of them.
    if (!(error instanceof RecordError) && !(error instanceof RetriableError)) return 'fail'
    const records = refused.records()
    for (let i = 0; i < records.count; i++) {
      const at = { topic, partition, timestampMs: records.timestampAt(i), headers: records.headersAt(i) }
      if (!this.#refused(() => this.#ask(error, at, records.keyAt(i), records.valueAt(i)))) return 'fail'
    }
    this.recordsDropped += records.count
    return 'drop'
  }

  #append(
    output: OutputTopic,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
    headers: Headers,
  ): void {
    const chosen = partition ?? (key === null ? this.#stick(output, value) : partitionForKey(key, output.count))
    const appender = output.appenders[chosen] ?? this.#appender(output, chosen)
    this.recordsSent++
    try {
      appender.append(key, value, timestampMs ?? this.#options.nowMs(), headers)
    } catch (error) {
      if (!(error instanceof RecordError)) throw error
      const at = { topic: output.name, partition: chosen, timestampMs: timestampMs ?? 0, headers }
      this.#refused(() => this.#ask(error, at, key, value))
      this.recordsDropped++
    }
  }

  /** @throws {MR_PROTOCOL_PARTITION_MISSING} (FatalError) there is no such partition */
  #appender({ name: topic, count, appenders }: OutputTopic, partition: number): PartitionAppender {
    if (!(partition >= 0 && partition < count && Number.isInteger(partition))) {
      throw new FatalError('MR_PROTOCOL_PARTITION_MISSING', { topic, partition, partitions: count })
    }
    const appender = this.#target.partition(topic, partition)
    appenders[partition] = appender
    return appender
  }

  /**
   * Keeps what the handler decided for the loop, which stops for it before the next commit. Thrown here it would be taken
   * for a failure of the processor that forwarded the record.
   */
  #refused(ask: () => void): boolean {
    try {
      ask()
      return true
    } catch (failure) {
      this.failure ??= toError(failure)
      return false
    }
  }

  /** @throws {MR_RECORD_PRODUCE} if the handler answers `fail` */
  #ask(
    error: Error,
    at: Pick<ErrorContext, 'topic' | 'partition' | 'timestampMs' | 'headers'>,
    key: Uint8Array | null,
    value: Uint8Array | null,
  ): void {
    const { handlers, logger, deadLetterTopic } = this.#options
    const surroundings = { handlers, logger, deadLetterTopic, collector: this }
    const context = { ...at, taskId: '', node: '', offset: -1, sourceKey: null, sourceValue: null }
    const retriable = error instanceof RetriableError
    const failure = { topic: at.topic ?? '', origin: 'send' as const, key, value, retriable }
    // A batch that ran out of time is not sent again: the tasks go back to what is committed, which sends everything again.
    if (productionFailed(surroundings, error, context, failure) === 'retry') throw error
  }

  #stick(output: OutputTopic, value: Uint8Array | null): number {
    output.stickyBytes += value === null ? 1 : value.length + 1
    if (output.stickyBytes > this.#options.stickyBytes) {
      output.stickyBytes = 0
      output.sticky = (output.sticky + 1) % output.count
    }
    return output.sticky
  }

  #known(topic: string): OutputTopic | undefined {
    const count = this.#target.partitionCount(topic)
    if (count === undefined || count === 0) return undefined
    const sticky = Math.floor(this.#options.random.next() * count)
    const output = {
      name: topic,
      count,
      appenders: Array.from({ length: count }, (): undefined => undefined),
      sticky,
      stickyBytes: 0,
    }
    this.#topics.set(topic, output)
    return output
  }

  #wait(topic: string, record: WaitingRecord): void {
    const records = this.#waiting.get(topic)
    if (records !== undefined) {
      records.push(record)
      return
    }
    this.#waiting.set(topic, [record])
    // Not left to the next commit, which may be long off. What fails here fails again in `settle`, which is awaited.
    this.#target.needTopics([topic]).then(
      () => this.#sendWaiting(),
      () => undefined,
    )
  }

  #sendWaiting(): void {
    if (this.#isClosed) return
    for (const [topic, records] of this.#waiting) {
      const output = this.#topics.get(topic) ?? this.#known(topic)
      if (output === undefined) continue
      this.#waiting.delete(topic)
      for (const record of records) this.#sendOne(output, record)
    }
  }

  /** What cannot be sent is kept for the loop: nobody awaits this. */
  #sendOne(output: OutputTopic, { partition, key, value, timestampMs, headers }: WaitingRecord): void {
    try {
      const chosen = typeof partition === 'function' ? (partition(output.count) ?? null) : partition
      const all = typeof chosen === 'number' || chosen === null ? [chosen] : chosen
      for (const one of all) this.#append(output, one, key, value, timestampMs, headers)
    } catch (error) {
      this.failure ??= toError(error)
    }
  }
}
