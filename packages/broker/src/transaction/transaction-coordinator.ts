/**
 * The transaction coordinator: producer ids and epochs of transactional ids, what belongs to an open transaction, and its
 * end.
 *
 * Every change is in the journal before it is answered. The end has two steps, as in Kafka: the decision (PrepareCommit,
 * PrepareAbort) is written and answered, then the markers are written, a moment later; until they are, the next request
 * is told to come again (51).
 */
import { errorCode } from '@millrace/protocol/internal'
import type { JournalEntry, JournalKind, TransactionEntry } from '../journal/journal-entry.ts'
import type { Journal, JournalPart } from '../journal/journal.ts'
import type { Cancellable, Surroundings } from '../surroundings.ts'
import type { BrokerConfig } from '../topic/broker-config.ts'
import { decideEnd, type EndRequest } from './end-decision.ts'
import type { MarkerWriter } from './marker-writer.ts'
import type { ProducerIds } from './producer-ids.ts'
import { Transaction } from './transaction.ts'

/** Who speaks for a transactional id. */
export interface ProducerClaim {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** An answer that tells a producer its id and epoch; −1 both with an error. */
export interface ProducerAnswer {
  readonly error: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** What a producer adds to its transaction. */
export interface Addition {
  readonly partitions: readonly (readonly [topic: string, partition: number])[]
  readonly groups: readonly string[]
}

export class TransactionCoordinator implements JournalPart {
  readonly kinds: readonly JournalKind[] = ['transaction', 'transaction-removed']
  readonly #transactions: Map<string, Transaction> = new Map()
  /** Each transaction as it stands in the journal. */
  readonly #written: Map<string, TransactionEntry> = new Map()
  readonly #surroundings: Surroundings
  readonly #config: BrokerConfig
  readonly #journal: Journal
  readonly #producerIds: ProducerIds
  readonly #markers: MarkerWriter
  readonly #recoverable: boolean
  readonly #waits: Set<Cancellable> = new Set()
  #check: Cancellable | undefined

  constructor(from: {
    surroundings: Surroundings
    config: BrokerConfig
    journal: Journal
    producerIds: ProducerIds
    markers: MarkerWriter
    /** See `#fence`. */
    recoverable: boolean
  }) {
    this.#surroundings = from.surroundings
    this.#config = from.config
    this.#journal = from.journal
    this.#producerIds = from.producerIds
    this.#markers = from.markers
    this.#recoverable = from.recoverable
    from.journal.add(this)
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  all(): Transaction[] {
    return [...this.#transactions.values()]
  }

  /** After the journal has been replayed: goes on with what was being ended. */
  resume(): void {
    for (const transaction of this.#transactions.values()) {
      if (transaction.isEnding) this.#writeMarkers(transaction)
      else if (transaction.state === 'Ongoing') this.#armCheck()
    }
  }

  /** InitProducerId of a transactional id; `expected` is what the producer believes to be (v3+), −1 for nothing. */
  init(
    transactionalId: string,
    timeoutMs: number,
    expected: { producerId: number; producerEpoch: number },
  ): ProducerAnswer {
    if (transactionalId === '') return refused(errorCode.INVALID_REQUEST)
    if (timeoutMs <= 0 || timeoutMs > this.#config.number('transaction.max.timeout.ms')) {
      return refused(errorCode.INVALID_TRANSACTION_TIMEOUT)
    }
    const transaction = this.#transactions.get(transactionalId) ?? this.#create(transactionalId, timeoutMs)
    if (transaction.isEnding) return refused(errorCode.CONCURRENT_TRANSACTIONS)
    const claimed = expected.producerId >= 0 || expected.producerEpoch >= 0
    if (claimed && !mayClaim(transaction, expected)) return refused(errorCode.PRODUCER_FENCED)
    if (transaction.state === 'Ongoing') {
      this.#fence(transaction)
      return refused(errorCode.CONCURRENT_TRANSACTIONS)
    }
    const error = this.#nextEpoch(transaction, timeoutMs, claimed ? expected.producerEpoch : undefined)
    if (error !== errorCode.NONE) return refused(error)
    this.#record(transaction)
    const { producerId, producerEpoch } = transaction
    return { error, producerId, producerEpoch }
  }

  /** AddPartitionsToTxn, AddOffsetsToTxn, and what Produce and TxnOffsetCommit add under transactions V2. */
  add(claim: ProducerClaim, added: Addition): number {
    const transaction = this.#transactions.get(claim.transactionalId)
    const error = checkClaim(transaction, claim)
    if (transaction === undefined || error !== errorCode.NONE) return error
    if (transaction.isEnding) return errorCode.CONCURRENT_TRANSACTIONS
    const partitions = added.partitions.filter(([topic, index]) => !transaction.hasPartition(topic, index))
    const groups = added.groups.filter((group) => !transaction.groups.has(group))
    if (transaction.state === 'Ongoing' && partitions.length === 0 && groups.length === 0) return errorCode.NONE
    transaction.open(this.#surroundings.clock.nowMs())
    for (const [topic, index] of partitions) transaction.addPartition(topic, index)
    for (const group of groups) transaction.groups.add(group)
    this.#record(transaction)
    this.#armCheck()
    return errorCode.NONE
  }

  /**
   * Whether all of this has been added to the producer's open transaction: what a partition leader asks before a
   * transaction's first batch (KIP-890 part 1). INVALID_TXN_STATE when it has not.
   */
  verify(claim: ProducerClaim, added: Addition): number {
    const transaction = this.#transactions.get(claim.transactionalId)
    const error = checkClaim(transaction, claim)
    if (transaction === undefined || error !== errorCode.NONE) return error
    if (transaction.isEnding) return errorCode.CONCURRENT_TRANSACTIONS
    const known =
      transaction.state === 'Ongoing' &&
      added.partitions.every(([topic, index]) => transaction.hasPartition(topic, index)) &&
      added.groups.every((group) => transaction.groups.has(group))
    return known ? errorCode.NONE : errorCode.INVALID_TXN_STATE
  }

  /** EndTxn; under V2 the answer holds the producer id and epoch of the next transaction. */
  end(transactionalId: string, request: EndRequest): ProducerAnswer {
    if (transactionalId === '') return refused(errorCode.INVALID_REQUEST)
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined) return refused(errorCode.INVALID_PRODUCER_ID_MAPPING)
    const decision = decideEnd(transaction, request)
    if (decision.kind === 'answer' && decision.error !== errorCode.NONE) return refused(decision.error)
    if (decision.kind === 'end') this.#prepareEnd(transaction, request)
    const { nextProducerId, producerId, producerEpoch } = transaction
    if (nextProducerId >= 0) return { error: errorCode.NONE, producerId: nextProducerId, producerEpoch: 0 }
    return { error: errorCode.NONE, producerId, producerEpoch }
  }

  /** Resolves when the transaction that is ending has ended, or after `timeoutMs`; undefined when none is ending. */
  whenDecided(transactionalId: string, timeoutMs: number): Promise<void> | undefined {
    const transaction = this.#transactions.get(transactionalId)
    if (transaction === undefined || !transaction.isEnding) return undefined
    return new Promise((resolve) => {
      const waited = (): void => {
        timer.cancel()
        this.#waits.delete(timer)
        resolve()
      }
      const timer = this.#surroundings.timers.after(timeoutMs, waited)
      this.#waits.add(timer)
      transaction.whenDecided.push(waited)
    })
  }

  replay(entry: JournalEntry): void {
    if (entry.kind === 'transaction') {
      this.#transactions.set(entry.transaction.transactionalId, Transaction.from(entry.transaction))
      this.#written.set(entry.transaction.transactionalId, entry.transaction)
    } else if (entry.kind === 'transaction-removed') {
      this.#transactions.delete(entry.transactionalId)
      this.#written.delete(entry.transactionalId)
    }
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const transaction of this.#written.values()) yield { kind: 'transaction', transaction }
  }

  close(): void {
    this.#check?.cancel()
    for (const timer of this.#waits) timer.cancel()
    this.#markers.close()
  }

  /** Forgets ids that have been idle for longer than they may. */
  expireIds(): void {
    const oldestMs = this.#surroundings.clock.nowMs() - this.#config.number('transactional.id.expiration.ms')
    for (const transaction of this.#transactions.values()) {
      if (transaction.isEnding || transaction.state === 'Ongoing' || transaction.updateMs >= oldestMs) continue
      const { transactionalId } = transaction
      this.#journal.write({ kind: 'transaction-removed', transactionalId })
      this.#transactions.delete(transactionalId)
      this.#written.delete(transactionalId)
    }
  }

  #create(transactionalId: string, timeoutMs: number): Transaction {
    const nowMs = this.#surroundings.clock.nowMs()
    const transaction = new Transaction({ transactionalId, producerId: this.#producerIds.next(), timeoutMs, nowMs })
    this.#transactions.set(transactionalId, transaction)
    return transaction
  }

  /** Gives the producer its next epoch, or tells that it has been fenced. */
  #nextEpoch(transaction: Transaction, timeoutMs: number, expectedEpoch: number | undefined): number {
    const { producerEpoch, isEpochExhausted } = transaction
    if (isEpochExhausted && (expectedEpoch === undefined || expectedEpoch === producerEpoch)) {
      transaction.rotate(this.#producerIds.next(), expectedEpoch === undefined ? -1 : producerEpoch, timeoutMs)
      return errorCode.NONE
    }
    if (expectedEpoch === undefined) transaction.bump(-1, timeoutMs)
    else if (producerEpoch < 0 || expectedEpoch === producerEpoch) transaction.bump(producerEpoch, timeoutMs)
    else if (expectedEpoch !== transaction.lastProducerEpoch) return errorCode.PRODUCER_FENCED
    return errorCode.NONE
  }

  /**
   * Aborts an open transaction from outside: its epoch is over. Since 4.0 an owner that says its last epoch may go on
   * with the new one; before, it is fenced.
   */
  #fence(transaction: Transaction): void {
    transaction.lastProducerEpoch = this.#recoverable ? transaction.producerEpoch : -1
    transaction.producerEpoch++
    this.#startEnding(transaction, false)
  }

  #prepareEnd(transaction: Transaction, request: EndRequest): void {
    if (request.bumpsEpoch) {
      if (transaction.isEpochExhausted) transaction.nextProducerId = this.#producerIds.next()
      transaction.lastProducerEpoch = transaction.producerEpoch
      transaction.producerEpoch++
    }
    this.#startEnding(transaction, request.commit)
  }

  #startEnding(transaction: Transaction, commit: boolean): void {
    transaction.state = commit ? 'PrepareCommit' : 'PrepareAbort'
    this.#record(transaction)
    this.#writeMarkers(transaction)
  }

  #writeMarkers(transaction: Transaction): void {
    const { transactionalId } = transaction
    this.#markers.write(transaction, () => {
      const ending = this.#transactions.get(transactionalId)
      if (ending === undefined || !ending.isEnding) return
      ending.complete(this.#surroundings.clock.nowMs())
      this.#record(ending)
      const waiting = ending.whenDecided
      ending.whenDecided = []
      for (const resolve of waiting) resolve()
    })
  }

  /** Writes the transaction as it is now; when that fails (disk full), it is again as it was last written. */
  #record(transaction: Transaction): void {
    const { transactionalId } = transaction
    transaction.updateMs = this.#surroundings.clock.nowMs()
    const entry = transaction.toEntry()
    try {
      this.#journal.write({ kind: 'transaction', transaction: entry })
    } catch (error) {
      const before = this.#written.get(transactionalId)
      if (before === undefined) this.#transactions.delete(transactionalId)
      else this.#transactions.set(transactionalId, Transaction.from(before, transaction.whenDecided))
      throw error
    }
    this.#written.set(transactionalId, entry)
  }

  /** While a transaction is open, looks every now and then for one that has been open for too long. */
  #armCheck(): void {
    if (this.#check !== undefined) return
    const intervalMs = this.#config.number('transaction.abort.timed.out.transaction.cleanup.interval.ms')
    this.#check = this.#surroundings.timers.after(intervalMs, () => this.#abortTimedOut(), true)
  }

  #abortTimedOut(): void {
    this.#check = undefined
    const nowMs = this.#surroundings.clock.nowMs()
    let open = false
    for (const transaction of this.#transactions.values()) {
      if (transaction.state !== 'Ongoing') continue
      if (transaction.startMs + transaction.timeoutMs < nowMs) this.#fence(transaction)
      else open = true
    }
    if (open) this.#armCheck()
  }
}

/** Whether a producer may go on from the id and epoch that it names (KIP-360). */
function mayClaim(transaction: Transaction, expected: { producerId: number; producerEpoch: number }): boolean {
  if (transaction.producerEpoch < 0 || transaction.producerId === expected.producerId) return true
  return transaction.previousProducerId === expected.producerId && expected.producerEpoch >= 32767 - 1
}

function checkClaim(transaction: Transaction | undefined, claim: ProducerClaim): number {
  if (claim.transactionalId === '') return errorCode.INVALID_REQUEST
  if (transaction === undefined) return errorCode.INVALID_PRODUCER_ID_MAPPING
  if (transaction.producerId !== claim.producerId) return errorCode.INVALID_PRODUCER_ID_MAPPING
  return transaction.producerEpoch === claim.producerEpoch ? errorCode.NONE : errorCode.PRODUCER_FENCED
}

function refused(error: number): ProducerAnswer {
  return { error, producerId: -1, producerEpoch: -1 }
}
