/**
 * The records for one partition on their way out: the open batch, closed batches that wait, batches sent and not yet
 * acknowledged. Keeps the partition's sequence numbers and with them the order.
 *
 * ```
 *  append → open batch → waiting → unacked (in sequence order, ≤ 5 in flight) → acknowledged
 *                                     └─ failed: sent again, alone, when nothing before it is open
 * ```
 * The order survives failures because of one rule: while a batch has to be sent again nothing new is sent, and it is
 * sent only when it is the oldest one open.
 */
import type { Headers } from '@millrace/core'
import type { CompressionName } from '../compression/compression.ts'
import type { BatchMemory } from '../record-batch/batch-memory.ts'
import { RecordBatchBuilder, recordBytesMax } from '../record-batch/record-batch-builder.ts'
import { advanceSequence, ProducerBatch, type ProducerIdentity } from './producer-batch.ts'
import { tooLarge } from './produce-verdict.ts'

/** What a queue shares with the other queues of its producer. */
export interface QueueOwner {
  readonly batchBytes: number
  readonly recordBytesMax: number
  readonly compression: CompressionName
  readonly isTransactional: boolean
  readonly memory: BatchMemory
  /** Bytes in open, waiting and unacknowledged batches of all queues. */
  bufferedBytes: number
  /** Set when the producer can do nothing more; thrown by `append`. */
  failure: Error | null
  nowMs(): number
  /** The first record came into an empty open batch. */
  onOpened(queue: PartitionQueue): void
  /** A batch is full. */
  onFull(queue: PartitionQueue): void
  onClosed(batch: ProducerBatch): void
}

/** The broker remembers the last five batches of a producer per partition, and so knows a repeated one. */
const rememberedMax = 5
/** Epochs are int16. */
const epochMax = 0x7fff

/** Waiting to begin the sequence anew: since which sequence, and whether a later batch may have been written. */
interface Settling {
  readonly from: number
  hasConflict: boolean
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** The open batch may be sent although it is not full. */
  isDue = false
  /** Waits for metadata or for a backoff. */
  isStale = false
  /** Since when the topic is missing, monotonic ms; null while it exists. */
  missingSinceMs: number | null = null
  identity: ProducerIdentity
  readonly unacked: ProducerBatch[] = []
  readonly #owner: QueueOwner
  readonly #builder = new RecordBatchBuilder(1024)
  readonly #waiting: ProducerBatch[] = []
  /** Sequence of the next batch to be sent, and of the next to be closed. */
  #nextSequence = 0
  #closedSequence = 0
  #inFlight = 0
  #sent = 0
  /**
   * The leader has acknowledged a batch of this producer id. A leader that does not know the producer accepts any
   * sequence, so that the second batch would overtake a first one that failed: until then one is sent at a time.
   */
  #isKnown = false
  #settling: Settling | null = null

  constructor(
    owner: QueueOwner,
    at: { readonly topic: string; readonly partition: number },
    identity: ProducerIdentity,
  ) {
    this.#owner = owner
    this.topic = at.topic
    this.partition = at.partition
    this.identity = identity
  }

  /** True when there is nothing to send and nothing to wait for. */
  get isEmpty(): boolean {
    return this.#builder.count === 0 && this.#waiting.length === 0 && this.unacked.length === 0
  }

  get isSettling(): boolean {
    return this.#settling !== null
  }

  /** Oldest batch that is not in flight, to judge its age; the open batch has none. */
  get oldest(): ProducerBatch | undefined {
    return this.unacked.find((batch) => !batch.isInFlight) ?? this.#waiting[0]
  }

  /**
   * Adds a record; bytes are copied. The hot path: no clock, no allocation beyond the batch's own memory.
   *
   * @throws {MR_PROTOCOL_RECORD_SIZE} {MR_PROTOCOL_RECORD} (RecordError) nothing has changed then
   * @throws the producer's failure
   */
  append(key: Uint8Array | null, value: Uint8Array | null, timestampMs: number, headers: Headers): void {
    const owner = this.#owner
    const builder = this.#builder
    if (owner.failure !== null) throw owner.failure
    const sizeMax = recordBytesMax(key, value, headers)
    if (sizeMax > owner.recordBytesMax) this.#refuse(sizeMax)
    if (builder.count > 0 && builder.sizeInBytes + sizeMax > owner.batchBytes) this.#full()
    const before = builder.count === 0 ? 0 : builder.sizeInBytes
    const after = builder.append(key, value, timestampMs, headers)
    owner.bufferedBytes += after - before
    if (builder.count === 1) owner.onOpened(this)
    if (after >= owner.batchBytes) this.#full()
  }

  /** Closes the open batch, if any. */
  close(): void {
    this.isDue = false
    const builder = this.#builder
    const { count } = builder
    if (count === 0) return
    const owner = this.#owner
    const openBytes = builder.sizeInBytes
    const sequence = this.#closedSequence
    this.#closedSequence = advanceSequence(sequence, count)
    const { compression, isTransactional, memory } = owner
    const bytes = builder.build({ compression, isTransactional, ...this.identity, baseSequence: sequence }, memory)
    const batch = new ProducerBatch(this, bytes, { recordCount: count, closedMs: owner.nowMs() })
    batch.builtFor(this.identity, sequence)
    owner.bufferedBytes += bytes.length - openBytes
    this.#waiting.push(batch)
    owner.onClosed(batch)
  }

  /** The batch to send now, stamped and counted as in flight; null when none may be sent. */
  next(bytesLeft: number): ProducerBatch | null {
    if (this.#settling !== null || this.isStale) return null
    let batch = this.unacked[0]
    if (batch === undefined || batch.isInFlight) {
      if (batch !== undefined && !this.#mayFollow(batch)) return null
      if (this.#waiting.length === 0 && this.isDue) this.close()
      batch = this.#waiting[0]
      if (batch === undefined || batch.bytes.length > bytesLeft) return null
      this.#waiting.shift()
      this.unacked.push(batch)
      batch.ordinal = this.#sent++
      batch.stamp(this.identity, this.#nextSequence)
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.recordCount)
    } else {
      if (batch.bytes.length > bytesLeft) return null
      batch.stamp(this.identity, batch.sequence)
    }
    batch.isInFlight = true
    this.#inFlight++
    return batch
  }

  /** True when `next` may have something; cheap. */
  get hasWork(): boolean {
    return (
      this.#waiting.length > 0 || (this.isDue && this.#builder.count > 0) || this.unacked.some((b) => !b.isInFlight)
    )
  }

  /** An answer, or the loss of it (`isUnknown`), came for a batch that was in flight. */
  landed(batch: ProducerBatch, isUnknown: boolean): void {
    batch.isInFlight = false
    batch.isUnknown = isUnknown
    this.#inFlight--
  }

  /** The batch is written. */
  acknowledge(batch: ProducerBatch): void {
    this.#isKnown = true
    if (this.#settling !== null) this.#settling.hasConflict = true
    for (const earlier of this.unacked) {
      if (earlier === batch) break
      earlier.wasOvertaken = true
    }
    this.#remove(batch)
  }

  /**
   * The batch is given up. If it had a sequence, the numbers behind it leave a gap: nothing more is sent until all that
   * is in flight has landed (`settled`).
   */
  refuse(batch: ProducerBatch, isUnknown: boolean): void {
    if (batch.sequence >= 0) {
      const later = this.unacked.slice(this.unacked.indexOf(batch) + 1)
      this.settle(batch.sequence)
      this.#settling!.hasConflict ||= isUnknown || batch.wasOvertaken || later.some((one) => one.isUnknown)
    }
    this.#remove(batch)
  }

  /** Puts two halves in the place of a batch that is too large; the sequence numbers stay. */
  replace(batch: ProducerBatch, [first, second]: readonly [ProducerBatch, ProducerBatch]): void {
    first.ordinal = batch.ordinal
    second.ordinal = batch.ordinal
    first.sequence = batch.sequence
    second.sequence = advanceSequence(batch.sequence, first.recordCount)
    this.unacked.splice(this.unacked.indexOf(batch), 1, first, second)
    batch.isDone = true
    this.#owner.bufferedBytes += first.bytes.length + second.bytes.length - batch.bytes.length
  }

  /** The sequence from `from` on has to begin anew: send nothing until all that is in flight has landed. */
  settle(from: number): void {
    this.#settling ??= { from, hasConflict: false }
  }

  /**
   * Ends settling when nothing is in flight any more: numbers everything unacknowledged anew.
   *
   * Outside transactions under the next epoch, from 0, so that no number is used twice. In a transaction the epoch is
   * the coordinator's; the numbers behind the gap are free because the broker refused them.
   *
   * @returns false when that cannot be done: the transaction must be aborted, or the epochs are used up
   */
  settled(): boolean {
    const settling = this.#settling
    if (settling === null || this.#inFlight > 0) return true
    if (this.#owner.isTransactional ? settling.hasConflict || this.#hasUnknown() : this.#isLastEpoch()) return false
    this.#settling = null
    let sequence = settling.from
    if (!this.#owner.isTransactional) {
      sequence = 0
      this.identity = { ...this.identity, producerEpoch: this.identity.producerEpoch + 1 }
    }
    for (const batch of this.unacked) {
      batch.sequence = sequence
      sequence = advanceSequence(sequence, batch.recordCount)
    }
    this.#nextSequence = sequence
    this.#closedSequence = this.#waiting.reduce((sum, batch) => advanceSequence(sum, batch.recordCount), sequence)
    return true
  }

  /** The planted mistake "send-anew": what may be written already gets new numbers. */
  renumber(): void {
    for (const batch of this.unacked) {
      batch.sequence = this.#nextSequence
      this.#nextSequence = advanceSequence(this.#nextSequence, batch.recordCount)
    }
    this.#closedSequence = this.#nextSequence
  }

  /** Another producer id or epoch: sequences begin at 0. Only while nothing was sent under the old one and is open. */
  identify(identity: ProducerIdentity): void {
    if (identity.producerId !== this.identity.producerId) this.#isKnown = false
    this.identity = identity
    this.#nextSequence = 0
    this.#closedSequence = this.#waiting.reduce((sum, batch) => advanceSequence(sum, batch.recordCount), 0)
  }

  /** Drops everything that is not acknowledged; answers that still come are ignored. */
  drop(): void {
    for (const batch of [...this.unacked, ...this.#waiting]) {
      batch.isDone = true
      this.#owner.bufferedBytes -= batch.bytes.length
    }
    if (this.#builder.count > 0) this.#owner.bufferedBytes -= this.#builder.sizeInBytes
    this.#builder.clear()
    this.unacked.length = 0
    this.#waiting.length = 0
    this.#inFlight = 0
    this.#settling = null
    this.isDue = false
  }

  /**
   * True when a new batch may be sent behind the oldest unacknowledged one. That one must stay among the last five that
   * the leader remembers, also when those behind it are acknowledged first (its answer was lost).
   */
  #mayFollow(oldest: ProducerBatch): boolean {
    if (this.#sent - oldest.ordinal >= (this.#isKnown ? rememberedMax : 1)) return false
    return this.unacked.every((one) => one.isInFlight)
  }

  #remove(batch: ProducerBatch): void {
    batch.isDone = true
    const index = this.unacked.indexOf(batch)
    if (index >= 0) this.unacked.splice(index, 1)
    else {
      const place = this.#waiting.indexOf(batch)
      if (place < 0) return
      this.#waiting.splice(place, 1)
      this.#closedSequence = this.#waiting.reduce(
        (sum, one) => advanceSequence(sum, one.recordCount),
        this.#nextSequence,
      )
    }
    this.#owner.bufferedBytes -= batch.bytes.length
  }

  #hasUnknown(): boolean {
    return this.unacked.some((batch) => batch.isUnknown)
  }

  #isLastEpoch(): boolean {
    return this.identity.producerEpoch >= epochMax
  }

  #full(): void {
    this.close()
    this.#owner.onFull(this)
  }

  #refuse(bytes: number): never {
    const { topic, partition } = this
    throw tooLarge({ topic, partition, bytes, bytesMax: this.#owner.recordBytesMax })
  }
}
