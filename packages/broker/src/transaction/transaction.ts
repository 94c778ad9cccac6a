/**
 * One transactional id as its coordinator knows it, and the state machine of its transactions.
 *
 *   Empty ──add──▶ Ongoing ──end──▶ PrepareCommit ──markers written──▶ CompleteCommit ──add──▶ Ongoing …
 *                     └──end, timeout, new InitProducerId──▶ PrepareAbort ──markers──▶ CompleteAbort ──add──▶ Ongoing …
 *
 * Source: Kafka's TransactionMetadata; KIP-98, KIP-360 (epoch bump), KIP-890 (an epoch for each transaction).
 */
import type { TransactionEntry } from '../journal/journal-entry.ts'

export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/** One epoch is kept back for the coordinator's own fencing. */
const epochMax = 32767 - 1

export class Transaction {
  readonly transactionalId: string
  producerId: number
  previousProducerId: number = -1
  /** Set while a transaction ends that uses up the last epoch. */
  nextProducerId: number = -1
  /** −1 until the first InitProducerId has been carried out. */
  producerEpoch: number = -1
  /** Epoch before the last bump, so that a repeated InitProducerId of its owner is recognised; −1 when fenced. */
  lastProducerEpoch: number = -1
  timeoutMs: number
  state: TransactionState = 'Empty'
  readonly partitions: Map<string, readonly [topic: string, partition: number]> = new Map()
  readonly groups: Set<string> = new Set()
  /** −1 when no transaction is open. */
  startMs: number = -1
  updateMs: number
  /** Called once when the transaction that is ending has ended. */
  whenDecided: (() => void)[] = []

  constructor(from: { transactionalId: string; producerId: number; timeoutMs: number; nowMs: number }) {
    this.transactionalId = from.transactionalId
    this.producerId = from.producerId
    this.timeoutMs = from.timeoutMs
    this.updateMs = from.nowMs
  }

  /** The transaction that an entry describes, for those who wait for its end. */
  static from(entry: TransactionEntry, whenDecided: (() => void)[] = []): Transaction {
    const { transactionalId, producerId, timeoutMs, updateMs } = entry
    const transaction = new Transaction({ transactionalId, producerId, timeoutMs, nowMs: updateMs })
    transaction.previousProducerId = entry.previousProducerId
    transaction.nextProducerId = entry.nextProducerId
    transaction.producerEpoch = entry.producerEpoch
    transaction.lastProducerEpoch = entry.lastProducerEpoch
    transaction.state = entry.state as TransactionState
    for (const [topic, partition] of entry.partitions) transaction.addPartition(topic, partition)
    for (const group of entry.groups) transaction.groups.add(group)
    transaction.startMs = entry.startMs
    transaction.whenDecided = whenDecided
    return transaction
  }

  toEntry(): TransactionEntry {
    return {
      transactionalId: this.transactionalId,
      producerId: this.producerId,
      previousProducerId: this.previousProducerId,
      nextProducerId: this.nextProducerId,
      producerEpoch: this.producerEpoch,
      lastProducerEpoch: this.lastProducerEpoch,
      timeoutMs: this.timeoutMs,
      state: this.state,
      partitions: [...this.partitions.values()],
      groups: [...this.groups],
      startMs: this.startMs,
      updateMs: this.updateMs,
    }
  }

  /** True while the markers of the last transaction are being written. */
  get isEnding(): boolean {
    return this.state === 'PrepareCommit' || this.state === 'PrepareAbort'
  }

  get isEpochExhausted(): boolean {
    return this.producerEpoch >= epochMax
  }

  hasPartition(topic: string, partition: number): boolean {
    return this.partitions.has(keyOf(topic, partition))
  }

  addPartition(topic: string, partition: number): void {
    this.partitions.set(keyOf(topic, partition), [topic, partition])
  }

  /** Something is added: the transaction is open from now on. */
  open(nowMs: number): void {
    if (this.state !== 'Ongoing') {
      this.state = 'Ongoing'
      this.startMs = nowMs
    }
    this.updateMs = nowMs
  }

  /** A new epoch for a producer that begins, or begins again. */
  bump(lastEpoch: number, timeoutMs: number): void {
    this.producerEpoch++
    this.lastProducerEpoch = lastEpoch
    this.#begin(timeoutMs)
  }

  /** A new producer id, because the epochs of the old one are used up. */
  rotate(producerId: number, lastEpoch: number, timeoutMs: number): void {
    this.previousProducerId = this.producerId
    this.producerId = producerId
    this.producerEpoch = 0
    this.lastProducerEpoch = lastEpoch
    this.#begin(timeoutMs)
  }

  /** The markers have been written. */
  complete(nowMs: number): void {
    this.state = this.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort'
    if (this.nextProducerId >= 0) {
      this.previousProducerId = this.producerId
      this.producerId = this.nextProducerId
      this.producerEpoch = 0
      this.nextProducerId = -1
    }
    this.partitions.clear()
    this.groups.clear()
    this.startMs = -1
    this.updateMs = nowMs
  }

  #begin(timeoutMs: number): void {
    this.state = 'Empty'
    this.timeoutMs = timeoutMs
    this.partitions.clear()
    this.groups.clear()
    this.startMs = -1
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}\n${partition}`
}
