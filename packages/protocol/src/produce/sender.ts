/**
 * Sends the batches of all partition queues: requests per leader with many partitions each, several in flight per
 * broker, in order per partition; and decides what an answer means for the queue.
 *
 * Work is keyed by partition throughout. A request that fails as a whole fails for each of its partitions on its own,
 * so that one whose leader moves is never answered by another's leader (kafkajs loses records that way).
 */
import { FatalError, RetriableError, type StreamsError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { responseError, topicMissing } from '../cluster/response-error.ts'
import { monotonicMs } from '../cluster/surroundings.ts'
import { errorCode, errorName } from '../codec/error-code.ts'
import { isPlanted } from '../fault-switch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { type ProducedPartition, produceOnce } from './produce-request.ts'
import { judge, refusal } from './produce-verdict.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** The transaction that batches belong to. */
export interface SenderTransaction {
  readonly transactionalId: string
  /** 11 under transaction V1, where Produce 12 would mean "add the partition by yourself". */
  readonly produceCap: number | undefined
  /** False while the partition has first to be added; `add` is then called. */
  isAdded(topic: string, partition: number): boolean
  /** Adds partitions to the transaction; rejects when that fails for good. */
  add(queues: readonly PartitionQueue[]): Promise<void>
  /** A batch is sent: the transaction is no longer empty. */
  touched(): void
}

/** Limits of the sender. */
export interface SenderOptions {
  readonly requestBytesMax: number
  readonly inFlightMax: number
  readonly deliveryTimeoutMs: number
  readonly missingMs: number
  /** Why nothing may be sent any more; null while it may. */
  readonly fence: () => Error | null
  readonly transaction: SenderTransaction | null
}

/** What the sender tells. */
export interface SenderEvents {
  onAcked(batch: ProducerBatch, baseOffset: number): void
  /** The batch is refused for good. */
  onRefused(batch: ProducerBatch, error: StreamsError): void
  onReplaced(batch: ProducerBatch, halves: readonly [ProducerBatch, ProducerBatch]): void
  /** Nothing more can be sent. `reason` decides with `kind` which error that is. */
  onFailed(kind: 'fenced' | 'abort' | 'fatal', reason: Error): void
}

/** Wait on CONCURRENT_TRANSACTIONS (KAFKA-5477). */
const markersMs = 20

export class Sender {
  readonly #cluster: Cluster
  readonly #options: SenderOptions
  readonly #events: SenderEvents
  readonly #active = new Set<PartitionQueue>()
  readonly #inFlight = new Map<number, number>()
  readonly #adding = new Set<PartitionQueue>()
  #refreshing = false
  #stopped = false

  constructor(cluster: Cluster, options: SenderOptions, events: SenderEvents) {
    this.#cluster = cluster
    this.#options = options
    this.#events = events
  }

  /** Queues that have something to send or to wait for. */
  get active(): ReadonlySet<PartitionQueue> {
    return this.#active
  }

  /** Requests under way. */
  get inFlight(): number {
    let sum = 0
    for (const count of this.#inFlight.values()) sum += count
    return sum
  }

  /** Notes that a queue has work. */
  activate(queue: PartitionQueue): void {
    this.#active.add(queue)
  }

  /** Sends nothing more; answers that still come are ignored. */
  stop(): void {
    this.#stopped = true
    this.#active.clear()
  }

  /** Sends whatever can be sent now. Call it when a batch is due; the sender calls itself after answers. */
  drain(): void {
    const fenced = this.#stopped || this.#active.size === 0 ? null : this.#options.fence()
    if (fenced !== null) this.#events.onFailed('fatal', fenced)
    while (!this.#stopped && this.#drainOnce()) continue
  }

  /** One round: at most one request per leader. True when another round may find more. */
  #drainOnce(): boolean {
    const perLeader = new Map<number, { batches: ProducerBatch[]; bytes: number }>()
    const toAdd: PartitionQueue[] = []
    let needsMetadata = false
    for (const queue of this.#active) {
      if (!queue.hasWork || queue.isStale || queue.isSettling) continue
      const leader = this.#leaderOf(queue)
      if (leader === null) {
        needsMetadata = true
        continue
      }
      if ((this.#inFlight.get(leader) ?? 0) >= this.#options.inFlightMax) continue
      if (this.#options.transaction?.isAdded(queue.topic, queue.partition) === false) {
        if (!this.#adding.has(queue)) toAdd.push(queue)
        continue
      }
      const request = perLeader.get(leader)
      const bytesLeft = request === undefined ? Infinity : this.#options.requestBytesMax - request.bytes
      const batch = queue.next(bytesLeft)
      if (batch === null) continue
      if (request === undefined) perLeader.set(leader, { batches: [batch], bytes: batch.bytes.length })
      else {
        request.batches.push(batch)
        request.bytes += batch.bytes.length
      }
    }
    if (this.#stopped) return false
    if (needsMetadata) void this.#refresh()
    if (toAdd.length > 0) void this.#add(toAdd)
    for (const [leader, { batches }] of perLeader) {
      // The next round begins with other partitions.
      for (const { queue } of batches) {
        this.#active.delete(queue)
        this.#active.add(queue)
      }
      void this.#send(leader, batches)
    }
    return perLeader.size > 0
  }

  #leaderOf(queue: PartitionQueue): number | null {
    const { topic, partition } = queue
    const partitions = this.#cluster.metadata.topic(topic)?.partitions.length
    if (partitions !== undefined && partitions > 0 && partition >= partitions) {
      this.#events.onFailed('fatal', new FatalError('MR_PROTOCOL_PARTITION_MISSING', { topic, partition, partitions }))
    }
    return this.#cluster.metadata.leader(topic, partition)?.leader ?? null
  }

  async #send(leader: number, batches: readonly ProducerBatch[]): Promise<void> {
    const { transaction } = this.#options
    this.#inFlight.set(leader, (this.#inFlight.get(leader) ?? 0) + 1)
    transaction?.touched()
    try {
      const answers = await produceOnce(this.#cluster, leader, {
        batches,
        options: {
          transactionalId: transaction?.transactionalId ?? null,
          cap: transaction?.produceCap,
          timeoutMs: this.#cluster.requestTimeoutMs,
        },
      })
      const isWritten = answers.some(({ errorCode: code }) => code === 0)
      const isMistaken = isWritten && isPlanted('answer-for-all')
      for (const answer of answers) this.#onAnswer(isMistaken ? { ...answer, errorCode: 0 } : answer)
    } catch (error) {
      this.#onLost(batches, error)
    }
    this.#inFlight.set(leader, this.#inFlight.get(leader)! - 1)
    this.drain()
  }

  /** The whole request failed: whether its batches were written is unknown, and is settled by sending them again. */
  #onLost(batches: readonly ProducerBatch[], error: unknown): void {
    if (this.#stopped) return
    for (const batch of batches) {
      if (batch.isDone) continue
      batch.queue.landed(batch, true)
      if (isPlanted('send-anew')) batch.queue.renumber()
      if (error instanceof RetriableError) this.#retry(batch, error.message)
      this.#settle(batch.queue)
    }
    if (!(error instanceof RetriableError)) this.#events.onFailed('fatal', error as Error)
  }

  #onAnswer({ batch, errorCode: code, baseOffset, reason }: ProducedPartition): void {
    if (this.#stopped || batch.isDone) return
    const { queue, recordCount } = batch
    const isTransactional = this.#options.transaction !== null
    const isHead = queue.unacked[0] === batch && !queue.isSettling
    queue.landed(batch, false)
    const verdict = judge(code, { isHead, isTransactional, recordCount })
    switch (verdict) {
      case 'acked':
        queue.acknowledge(batch)
        this.#events.onAcked(batch, baseOffset)
        break
      case 'retry':
      case 'wait':
        this.#retry(batch, `${errorName(code)}${reason === '' ? '' : `, ${reason}`}`, verdict === 'wait')
        break
      case 'split': {
        const halves = batch.split(isTransactional)
        queue.replace(batch, halves)
        this.#events.onReplaced(batch, halves)
        break
      }
      case 'restart':
        queue.settle(batch.sequence)
        break
      case 'refuse':
        queue.refuse(batch, false)
        this.#events.onRefused(batch, refusal(code, batch, reason))
        break
      case 'abort':
      case 'fenced': {
        const what = `${queue.topic}-${queue.partition}`
        this.#events.onFailed(verdict, responseError(code, { api: 'Produce', what, message: reason }))
      }
    }
    this.#settle(queue)
  }

  /** Numbers the queue's batches anew when that is due and possible. */
  #settle(queue: PartitionQueue): void {
    if (this.#stopped) return
    if (!queue.settled()) {
      const what = `${queue.topic}-${queue.partition}`
      const error = responseError(errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, { api: 'Produce', what })
      this.#events.onFailed('abort', error)
    }
    if (queue.isEmpty) this.#active.delete(queue)
  }

  #retry(batch: ProducerBatch, reason: string, isShort = false): void {
    const { queue } = batch
    const { topic, partition } = queue
    batch.lastFailure = reason
    if (this.#isExpired(batch)) {
      this.#expire(batch, reason)
      return
    }
    const { timers, logger } = this.#cluster.around
    logger.debug('produce is tried again', { topic, partition, records: batch.recordCount, reason })
    queue.isStale = true
    if (!isShort) {
      void this.#refresh()
      return
    }
    timers.after(markersMs, () => {
      queue.isStale = false
      this.drain()
    })
  }

  #isExpired(batch: ProducerBatch): boolean {
    return monotonicMs(this.#cluster.around.clock) - batch.closedMs >= this.#options.deliveryTimeoutMs
  }

  #expire(batch: ProducerBatch, reason: string): void {
    const { topic, partition, recordCount: records } = batch
    const { deliveryTimeoutMs: timeoutMs } = this.#options
    batch.queue.refuse(batch, batch.isUnknown)
    const details = { topic, partition, records, timeoutMs, reason }
    this.#events.onRefused(batch, new RetriableError('MR_PROTOCOL_DELIVERY', details))
  }

  async #add(queues: readonly PartitionQueue[]): Promise<void> {
    for (const queue of queues) this.#adding.add(queue)
    try {
      await this.#options.transaction?.add(queues)
    } catch (error) {
      this.#events.onFailed('abort', error as Error)
    }
    for (const queue of queues) this.#adding.delete(queue)
    this.drain()
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return
    this.#refreshing = true
    const waiting = [...this.#active].filter((queue) => queue.isStale)
    try {
      await this.#cluster.metadata.refreshSoon()
    } catch (error) {
      this.#events.onFailed('fatal', error as Error)
    }
    this.#refreshing = false
    for (const queue of waiting) queue.isStale = false
    for (const queue of this.#active) this.#judge(queue)
    this.drain()
    if ([...this.#active].some((queue) => queue.isStale)) void this.#refresh()
  }

  /** A topic that stays missing, or a partition that stays without a leader, ends in an error here. */
  #judge(queue: PartitionQueue): void {
    const { topic } = queue
    const problem = this.#cluster.metadata.problem(topic)
    if (problem === 0) queue.missingSinceMs = null
    else {
      const nowMs = monotonicMs(this.#cluster.around.clock)
      const error = responseError(problem, { api: 'Metadata', what: `topic "${topic}"`, topic })
      queue.missingSinceMs ??= nowMs
      const isMissing = nowMs - queue.missingSinceMs >= this.#options.missingMs
      if (!(error instanceof RetriableError)) this.#events.onFailed('fatal', error)
      else if (isMissing) this.#events.onFailed('fatal', topicMissing(topic))
    }
    for (let { oldest } = queue; oldest !== undefined && this.#isExpired(oldest); { oldest } = queue) {
      this.#expire(oldest, oldest.lastFailure === '' ? 'the partition has no leader' : oldest.lastFailure)
    }
    this.#settle(queue)
  }
}
