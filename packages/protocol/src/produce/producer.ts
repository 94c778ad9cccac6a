/**
 * The idempotent producer: records in, acknowledgements out.
 *
 * `append` only copies bytes into the partition's open batch. A batch leaves when it is full, when the linger time is
 * over, or at `flush`; batches for one broker travel together. There is no promise per record: `flush` waits for
 * everything and throws the first failure, `onAcked` tells the offsets that were reached.
 *
 * A producer that failed stays failed (exactly-once.md, decision 3): its caller makes a new one.
 */
import { FatalError, type Headers, noHeaders, type StreamsError } from '@millrace/core'
import type { Cancellable } from '@millrace/core/port'
import type { Cluster } from '../cluster/cluster.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import type { CompressionName } from '../compression/compression.ts'
import { BatchMemory } from '../record-batch/batch-memory.ts'
import type { RecordBatch } from '../record-batch/record-batch.ts'
import { FlushWaiters } from './flush-waiters.ts'
import { requestProducerId } from './producer-id.ts'
import { noIdentity, type ProducerBatch, type ProducerIdentity } from './producer-batch.ts'
import { PartitionQueue, type QueueOwner } from './partition-queue.ts'
import { Sender, type SenderEvents, type SenderTransaction } from './sender.ts'

/** Records of one partition that were refused for good. */
export interface RefusedBatch {
  readonly topic: string
  readonly partition: number
  /** RecordError when the records are to blame, RetriableError when time ran out, FatalError otherwise. */
  readonly error: StreamsError
  readonly recordCount: number
  /** Decodes the records. */
  readonly records: () => RecordBatch
}

/** How a producer works; all have defaults. */
export interface ProducerOptions {
  /** How long a batch that is not full waits for more records, ms; default 5. */
  readonly lingerMs?: number
  /** A batch is full at this size before compression; default 64 KiB. */
  readonly batchBytes?: number
  /** Largest request, and largest record; default 1 MiB, as brokers accept. */
  readonly requestBytesMax?: number
  /** Requests under way per broker, 1 to 5; default 5. */
  readonly inFlightMax?: number
  /** From the closing of a batch to giving it up, ms; default 120 000, Infinity is allowed. */
  readonly deliveryTimeoutMs?: number
  /** How long a topic may be missing, ms; default 10 000. */
  readonly missingMs?: number
  readonly compression?: CompressionName
  /** Asked before each request: an error ends the producer, and nothing more is sent. */
  readonly fence?: () => Error | null
  /** A batch was written: the offset of its last record, −1 when the broker no longer knows it. */
  readonly onAcked?: (topic: string, partition: number, lastOffset: number) => void
  /** `drop`: go on without these records; `fail` (default): the producer fails with the error. */
  readonly onRefused?: (refused: RefusedBatch) => 'drop' | 'fail'
}

/** Turns a failure of the sender into the error that `append` and `flush` throw. */
export type FailureOf = (kind: 'fenced' | 'abort' | 'fatal', reason: Error) => Error

/** What makes a producer transactional; see `TransactionalProducer`. */
export interface ProducerTransaction extends SenderTransaction {
  readonly failureOf: FailureOf
}

/** Appends to one partition; keep it instead of looking the partition up for every record. */
export type PartitionAppender = Pick<PartitionQueue, 'append' | 'topic' | 'partition'>

export class Producer implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #options: ProducerOptions
  readonly #transaction: ProducerTransaction | null
  readonly #queues = new Map<string, PartitionQueue[]>()
  readonly #owner: QueueOwner
  readonly #sender: Sender
  readonly #waiters = new FlushWaiters()
  readonly #lingerMs: number
  #identity: ProducerIdentity = noIdentity
  #identifying = false
  #linger: Cancellable | null = null
  #isDrainDue = false
  #spaceWaiters: { readonly belowBytes: number; readonly resolve: () => void }[] = []

  /** @param cluster of a role of its own; the caller closes it */
  constructor(cluster: Cluster, options: ProducerOptions = {}, transaction: ProducerTransaction | null = null) {
    this.#cluster = cluster
    this.#options = options
    this.#transaction = transaction
    this.#lingerMs = options.lingerMs ?? 5
    const requestBytesMax = options.requestBytesMax ?? 1024 * 1024
    this.#owner = {
      batchBytes: options.batchBytes ?? 64 * 1024,
      recordBytesMax: requestBytesMax,
      compression: options.compression ?? 'none',
      isTransactional: transaction !== null,
      memory: new BatchMemory(),
      bufferedBytes: 0,
      failure: null,
      nowMs: () => monotonicMs(cluster.around.clock),
      onOpened: (queue) => this.#onOpened(queue),
      onFull: (queue) => this.#onFull(queue),
      onClosed: (batch) => this.#waiters.opened(batch),
    }
    const senderOptions = {
      requestBytesMax,
      inFlightMax: options.inFlightMax ?? 5,
      deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
      missingMs: options.missingMs ?? 10_000,
      fence: options.fence ?? (() => null),
      transaction,
    }
    this.#sender = new Sender(cluster, senderOptions, this.#events())
  }

  /** Bytes in batches that are not acknowledged; hold appending back while it is high. */
  get bufferedBytes(): number {
    return this.#owner.bufferedBytes
  }

  /** The error this producer failed with, null while it works. */
  get failure(): Error | null {
    return this.#owner.failure
  }

  /**
   * The place to append one partition's records to; the same object for the life of the producer.
   *
   * @throws {MR_PROTOCOL_PARTITION_MISSING} (FatalError) it is not a whole number from 0 on
   */
  partition(topic: string, partition: number): PartitionAppender {
    if (!Number.isInteger(partition) || partition < 0) {
      const partitions = this.#cluster.metadata.topic(topic)?.partitions.length ?? -1
      throw new FatalError('MR_PROTOCOL_PARTITION_MISSING', { topic, partition, partitions })
    }
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
      this.#cluster.metadata.track([topic])
    }
    queues[partition] ??= new PartitionQueue(this.#owner, { topic, partition }, this.#identity)
    return queues[partition]
  }

  /**
   * Adds a record; key, value and header bytes are copied before it returns.
   *
   * @param timestampMs event time, whole ms since the epoch
   * @throws {MR_PROTOCOL_RECORD_SIZE} {MR_PROTOCOL_RECORD} (RecordError) this record only; the producer goes on
   * @throws the failure of the producer, once it failed
   */
  append(
    topic: string,
    partition: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number,
    headers: Headers = noHeaders,
  ): void {
    const queue = this.#queues.get(topic)?.[partition] ?? this.partition(topic, partition)
    queue.append(key, value, timestampMs, headers)
  }

  /**
   * Sends everything appended before the call and resolves when all of it is acknowledged (or dropped by `onRefused`).
   *
   * @throws the failure of the producer: MR_PROTOCOL_PRODUCE, MR_PROTOCOL_RECORD_SIZE, MR_PROTOCOL_DELIVERY,
   *   MR_PROTOCOL_AUTHORIZATION, MR_PROTOCOL_TOPIC_MISSING, …; in a transaction as `TransactionalProducer` says
   */
  async flush(): Promise<void> {
    if (this.#owner.failure !== null) throw this.#owner.failure
    for (const queue of this.#sender.active) queue.close()
    this.#drain()
    await this.#waiters.all()
  }

  /** Resolves when fewer than `belowBytes` are buffered, or the producer failed. */
  async space(belowBytes: number): Promise<void> {
    if (this.bufferedBytes < belowBytes || this.failure !== null) return
    await new Promise<void>((resolve) => this.#spaceWaiters.push({ belowBytes, resolve }))
  }

  /** Drops what is not acknowledged and ends; `flush` first to lose nothing. The cluster stays open. */
  async close(): Promise<void> {
    this.#fail(new FatalError('MR_RUNTIME_CLOSED', { what: 'The producer' }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Writes on as another producer id or epoch, with sequences from 0. Only when nothing is buffered.
   *
   * For `TransactionalProducer`, which gets its identity from the transaction coordinator.
   */
  identify(identity: ProducerIdentity): void {
    this.#identity = identity
    for (const queues of this.#queues.values()) for (const queue of queues) queue?.identify(identity)
    this.#drain()
  }

  /** Drops everything that is not acknowledged; a `flush` that waits is rejected with `reason`. The producer goes on. */
  drop(reason: Error): void {
    this.#waiters.fail(reason)
    for (const queues of this.#queues.values()) for (const queue of queues) queue?.drop()
  }

  /** Ends with an error that `append` and `flush` throw from now on; what is buffered is dropped. */
  fail(failure: Error): void {
    this.#fail(failure)
  }

  /** Resolves when no request is under way, or after `timeoutMs`. */
  async idle(timeoutMs: number): Promise<void> {
    const { clock, timers } = this.#cluster.around
    const until = monotonicMs(clock) + timeoutMs
    while (this.#sender.inFlight > 0 && monotonicMs(clock) < until) await timers.sleep(idlePollMs)
  }

  // ── when to send ───────────────────────────────────────────────────────────────────────────────────────────────

  #onOpened(queue: PartitionQueue): void {
    this.#sender.activate(queue)
    if (this.#linger !== null) return
    this.#linger = this.#cluster.around.timers.after(this.#lingerMs, () => {
      this.#linger = null
      for (const active of this.#sender.active) active.isDue = true
      this.#drain()
    })
  }

  /** Sends after the current stretch of synchronous work, so that the batches of several partitions travel together. */
  #onFull(queue: PartitionQueue): void {
    this.#sender.activate(queue)
    if (this.#isDrainDue) return
    this.#isDrainDue = true
    queueMicrotask(() => {
      this.#isDrainDue = false
      this.#drain()
    })
  }

  #drain(): void {
    if (this.#owner.failure !== null || this.#sender.active.size === 0) return
    if (this.#identity.producerId >= 0n) this.#sender.drain()
    else if (this.#transaction === null && !this.#identifying) void this.#identifyOnce()
  }

  async #identifyOnce(): Promise<void> {
    this.#identifying = true
    try {
      const timeoutMs = this.#options.deliveryTimeoutMs ?? 120_000
      this.identify(await requestProducerId(this.#cluster, null, { timeoutMs }))
    } catch (error) {
      this.#fail(error as Error)
    }
    this.#identifying = false
  }

  // ── what became of it ──────────────────────────────────────────────────────────────────────────────────────────

  #events(): SenderEvents {
    return {
      onAcked: (batch, baseOffset) => {
        const lastOffset = baseOffset < 0 ? -1 : baseOffset + batch.recordCount - 1
        this.#options.onAcked?.(batch.topic, batch.partition, lastOffset)
        this.#finish(batch)
        if (this.#owner.compression === 'none') this.#owner.memory.give(batch.bytes)
      },
      onRefused: (batch, error) => this.#onRefused(batch, error),
      onReplaced: (batch, halves) => this.#waiters.replaced(batch, halves),
      onFailed: (kind, reason) => this.#fail(this.#transaction?.failureOf(kind, reason) ?? reason),
    }
  }

  #onRefused(batch: ProducerBatch, error: StreamsError): void {
    const { topic, partition, recordCount } = batch
    const refused = { topic, partition, error, recordCount, records: () => batch.records() }
    if ((this.#options.onRefused?.(refused) ?? 'fail') === 'drop') this.#finish(batch)
    else this.#fail(this.#transaction?.failureOf('abort', error) ?? error)
  }

  #finish(batch: ProducerBatch): void {
    this.#waiters.done(batch)
    if (this.#spaceWaiters.length > 0) this.#releaseSpace()
  }

  #fail(failure: Error): void {
    if (this.#owner.failure !== null) return
    this.#owner.failure = failure
    this.#linger?.cancel()
    this.#sender.stop()
    this.drop(failure)
    this.#releaseSpace()
  }

  #releaseSpace(): void {
    const { bufferedBytes } = this
    const isFailed = this.failure !== null
    const released = this.#spaceWaiters.filter((waiter) => isFailed || bufferedBytes < waiter.belowBytes)
    this.#spaceWaiters = this.#spaceWaiters.filter((waiter) => !released.includes(waiter))
    for (const waiter of released) waiter.resolve()
  }
}

const idlePollMs = 5
