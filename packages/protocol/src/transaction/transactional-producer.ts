/**
 * A producer whose records, offsets and commit are one: Kafka's transactions (KIP-98, 447, 890).
 *
 * ```
 *  new ─init→ ready ─(first batch)→ open ─commit→ committing ─→ ready
 *                                     └──abort──→ aborting ───→ ready
 *  any of them ─ fenced, refused, out of time, unknown outcome ─→ failed   (a new producer takes over)
 * ```
 * There is one recovery path (exactly-once.md, decision 3): whatever fails leaves the producer `failed`, and its
 * successor's `init` decides the transaction. An epoch is never used after an answer was lost or a transaction aborted:
 * under V2 every transaction has its own; under V1 it is raised then, because a late request could hit the next
 * transaction, and sequences that begin anew in one epoch are taken for repetitions and dropped.
 */
import { FatalError, type StreamsCode, StreamsError, TaskMigratedError, TransactionAbortedError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { UnknownOutcome } from '../cluster/coordinators.ts'
import { retry } from '../cluster/retry.ts'
import { bequeath, inherit, isPlanted } from '../fault-switch.ts'
import type { GroupIdentity, OffsetToCommit } from '../group/group-offsets.ts'
import type { PartitionQueue } from '../produce/partition-queue.ts'
import { requestProducerId } from '../produce/producer-id.ts'
import { noIdentity, type ProducerIdentity } from '../produce/producer-batch.ts'
import { Producer, type ProducerOptions, type ProducerTransaction } from '../produce/producer.ts'
import {
  addPartitions,
  commitInTransaction,
  endTransaction,
  type TransactionCall,
  transactionError,
} from './transaction-requests.ts'

/** How a transactional producer works; times in ms. */
export interface TransactionalProducerOptions extends ProducerOptions {
  /** Names the producer across restarts; the next one with this id ends what this one left open. */
  readonly transactionalId: string
  /** The coordinator aborts a transaction that is open for longer; default 10 000, as Kafka Streams. */
  readonly transactionTimeoutMs?: number
  /** For `init`, which may wait for a predecessor's transaction to end; default 60 000. */
  readonly initTimeoutMs?: number
  /** For each step of a commit; default `transactionTimeoutMs`. */
  readonly commitTimeoutMs?: number
}

/** Where the producer stands. */
export type TransactionState = 'new' | 'ready' | 'open' | 'committing' | 'aborting' | 'failed'

export class TransactionalProducer implements AsyncDisposable {
  /** Takes the records; its `flush` is part of `commit`. */
  readonly producer: Producer
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #transactionTimeoutMs: number
  readonly #initTimeoutMs: number
  readonly #commitTimeoutMs: number
  readonly #added = new Set<string>()
  #state: TransactionState = 'new'
  #identity: ProducerIdentity = noIdentity
  #isV2 = false
  /** Something was sent that EndTxn must end. */
  #isTouched = false
  /** An answer was lost: do not use this epoch for another transaction (V1). */
  #isEpochSpent = false

  /** @param cluster of a role of its own; the caller closes it */
  constructor(cluster: Cluster, options: TransactionalProducerOptions) {
    this.#cluster = cluster
    this.transactionalId = options.transactionalId
    this.#transactionTimeoutMs = options.transactionTimeoutMs ?? 10_000
    this.#initTimeoutMs = options.initTimeoutMs ?? 60_000
    this.#commitTimeoutMs = options.commitTimeoutMs ?? this.#transactionTimeoutMs
    this.producer = new Producer(cluster, { deliveryTimeoutMs: Infinity, ...options }, this.#transaction())
  }

  get state(): TransactionState {
    return this.#state
  }

  /** True under transaction V2; known after `init`. */
  get isV2(): boolean {
    return this.#isV2
  }

  /** Producer id and epoch; −1 before `init`. */
  get identity(): ProducerIdentity {
    return this.#identity
  }

  /** True when there is something to commit or abort, be it only records that are still buffered. */
  get hasOpenTransaction(): boolean {
    return this.#state === 'open' || (this.#state === 'ready' && this.producer.bufferedBytes > 0)
  }

  /**
   * Takes over the transactional id: earlier producers are fenced, their transactions decided. Call it once, first.
   *
   * @throws {MR_PROTOCOL_AUTHORIZATION} (FatalError) no WRITE on the transactional id
   * @throws {MR_PROTOCOL_RESPONSE} (ConfigError) the transaction timeout is above the broker's maximum
   * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) no coordinator, or the predecessor's transaction does not end
   */
  async init(): Promise<void> {
    this.#expect('init', 'new')
    const limits = { what: 'ApiVersions', timeoutMs: this.#initTimeoutMs }
    const features = await retry(this.#cluster.around, limits, async () => this.#cluster.features())
    this.#isV2 = (features.get('transaction.version') ?? 0) >= firstV2Level
    this.#identity = (await this.#inherited()) ?? (await this.#requestId(noIdentity, this.#initTimeoutMs))
    this.#state = 'ready'
    this.producer.identify(this.#identity)
  }

  /**
   * Makes consumed offsets part of the transaction, which begins with this call if it has not begun. All records
   * appended before are acknowledged first.
   *
   * @param identity the lease of the tasks: its generation, not the member's newest
   * @throws {MR_PROTOCOL_MEMBER_LOST} {MR_PROTOCOL_PRODUCER_FENCED} (TaskMigratedError) somebody else owns the tasks
   * @throws {MR_PROTOCOL_TRANSACTION_ABORTED} (TransactionAbortedError) anything else that failed
   */
  async sendOffsets(identity: GroupIdentity, offsets: readonly OffsetToCommit[]): Promise<void> {
    this.#expect('sendOffsets', 'ready', 'open')
    await this.#flush()
    this.#state = 'open'
    this.#isTouched = true
    const group = `group ${identity.groupId}`
    try {
      const isAdded = this.#added.has(group)
      await commitInTransaction(this.#cluster, this.#call(this.#commitTimeoutMs), { identity, offsets, isAdded })
      this.#added.add(group)
    } catch (error) {
      throw this.#fail(error)
    }
  }

  /**
   * Flushes and commits. When it resolves, records and offsets are committed; the next transaction begins with the next
   * batch. An empty transaction is no request.
   *
   * @param fence asked directly before each request that commits; what it returns is thrown instead of committing, and
   *   the successor aborts, unless an earlier request was lost and is carried out after all
   * @throws {MR_PROTOCOL_TRANSACTION_ABORTED} (TransactionAbortedError) not committed
   * @throws {MR_PROTOCOL_COMMIT_UNKNOWN} (TransactionAbortedError) committed or not; a successor's `init` decides
   * @throws {MR_PROTOCOL_PRODUCER_FENCED} (TaskMigratedError)
   */
  async commit(fence: () => Error | null = unfenced): Promise<void> {
    this.#expect('commit', 'ready', 'open')
    await this.#flush()
    if (!this.#isTouched) {
      this.#state = 'ready'
      return
    }
    this.#state = 'committing'
    await this.#end(true, fence)
    if (!this.#isV2 && this.#isEpochSpent && !isPlanted('end-again')) {
      // The commit stands, whatever becomes of the next transaction.
      await this.#renewEpoch().catch((error: unknown) => this.#fail(error))
    }
    if (this.#state === 'committing') this.#state = 'ready'
  }

  /**
   * Drops what is buffered and aborts what was sent; then the producer is ready for another transaction. Does nothing
   * when it failed: its successor aborts.
   *
   * @throws as `commit`; the transaction is then aborted by the successor or the timeout
   */
  async abort(): Promise<void> {
    if (this.#state === 'failed' || this.#state === 'new') return
    this.#expect('abort', 'ready', 'open')
    this.#state = 'aborting'
    this.producer.drop(this.#aborted('it was aborted by the application.'))
    if (this.#isTouched) {
      await this.producer.idle(this.#commitTimeoutMs)
      await this.#end(false)
      if (!this.#isV2) {
        try {
          await this.#renewEpoch()
        } catch (error) {
          throw this.#fail(error)
        }
      }
    }
    this.#state = 'ready'
  }

  /** Drops everything without a request; an open transaction is left to the successor or the timeout. */
  async close(): Promise<void> {
    this.#state = 'failed'
    bequeath(this.#cluster, this.#identity)
    await this.producer.close()
  }

  /**
   * Closes a producer that has no successor, and aborts what it has sent: readers would wait for the timeout otherwise.
   * Takes at most `timeoutMs`, and never rejects; what could not be aborted is left to the timeout.
   */
  async retire(timeoutMs: number): Promise<void> {
    await this.close()
    if (!this.#isTouched) return
    await this.producer.idle(timeoutMs)
    const call = { ...this.#call(timeoutMs), onLost: () => undefined }
    await endTransaction(this.#cluster, call, false).catch(() => undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #flush(): Promise<void> {
    const flushed = this.producer.flush()
    if (!isPlanted('unawaited-send')) await flushed
    else void flushed.catch(() => undefined)
  }

  async #end(committed: boolean, fence: () => Error | null = unfenced): Promise<void> {
    let next: ProducerIdentity
    try {
      next = await endTransaction(this.#cluster, { ...this.#call(this.#commitTimeoutMs), fence }, committed)
    } catch (error) {
      // Under V2 a lost request is repeated, and whatever the repetition says, the first one may have been carried out.
      const isLost = this.#isEpochSpent && !(error instanceof TaskMigratedError)
      const isUnknown = error instanceof UnknownOutcome || isLost
      if (committed && isUnknown) throw this.#fail(this.#unknown(error))
      throw this.#fail(error)
    }
    this.#isTouched = false
    this.#added.clear()
    if (next.producerEpoch !== this.#identity.producerEpoch || next.producerId !== this.#identity.producerId) {
      this.#adopt(next)
    }
  }

  /** Own id and epoch are named, so that a newer producer of this id is not fenced by mistake. */
  async #renewEpoch(): Promise<void> {
    this.#adopt(await this.#requestId(this.#identity, this.#commitTimeoutMs))
  }

  #adopt(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#isEpochSpent = false
    this.producer.identify(identity)
  }

  async #requestId(current: ProducerIdentity, timeoutMs: number): Promise<ProducerIdentity> {
    return requestProducerId(this.#cluster, this.transactionalId, {
      timeoutMs,
      transactionTimeoutMs: this.#transactionTimeoutMs,
      current,
      errorOf: (code) => transactionError(code, 'InitProducerId', this.transactionalId),
    })
  }

  /** Only when that defect is planted: goes on as its predecessor, whose transaction it aborts. */
  async #inherited(): Promise<ProducerIdentity | undefined> {
    const before = inherit<ProducerIdentity>(this.#cluster)
    if (before === undefined) return undefined
    this.#identity = before
    return endTransaction(this.#cluster, this.#call(this.#commitTimeoutMs), false).catch(() => undefined)
  }

  /** What the sender asks about the transaction, once per batch. */
  #transaction(): ProducerTransaction {
    const nameOf = (topic: string, partition: number): string => `${topic}/${partition}`
    const isV2 = (): boolean => this.#isV2
    return {
      transactionalId: this.transactionalId,
      get produceCap() {
        return isV2() ? undefined : produceV1
      },
      isAdded: (topic, partition) => {
        if (this.#state === 'ready') this.#state = 'open'
        if (this.#state !== 'open') return false
        return this.#isV2 || this.#added.has(nameOf(topic, partition))
      },
      add: async (queues) => this.#addPartitions(queues, nameOf),
      touched: () => {
        this.#isTouched = true
      },
      failureOf: (kind, reason) => this.#failureOf(kind, reason),
    }
  }

  async #addPartitions(
    queues: readonly PartitionQueue[],
    nameOf: (topic: string, partition: number) => string,
  ): Promise<void> {
    // Records of the next transaction, appended while this one ends.
    while (this.#state === 'committing' || this.#state === 'aborting') {
      await this.#cluster.around.timers.sleep(endingPollMs)
    }
    if (this.#state === 'failed' || this.#isV2) return
    this.#isTouched = true
    await addPartitions(this.#cluster, this.#call(this.#commitTimeoutMs), queues)
    for (const { topic, partition } of queues) this.#added.add(nameOf(topic, partition))
  }

  #call(timeoutMs: number): TransactionCall {
    return {
      transactionalId: this.transactionalId,
      ...this.#identity,
      isV2: this.#isV2,
      timeoutMs,
      onLost: () => {
        this.#isEpochSpent = true
      },
    }
  }

  #failureOf(kind: 'fenced' | 'abort' | 'fatal', reason: Error): Error {
    this.#state = 'failed'
    if (kind === 'fenced') {
      const details = { producer: this.transactionalId, api: 'Produce', name: reason.message }
      return new TaskMigratedError('MR_PROTOCOL_PRODUCER_FENCED', details, { cause: reason })
    }
    return this.#translate(reason)
  }

  /** Errors that say what to do stay as they are; the rest end in the recovery path. */
  #translate(error: unknown): Error {
    const reaction = error instanceof TaskMigratedError || error instanceof TransactionAbortedError
    if (reaction || (error instanceof StreamsError && stays(error.code))) return error
    return this.#aborted(error instanceof Error ? error.message : String(error), error)
  }

  #fail(error: unknown): Error {
    this.#state = 'failed'
    const failure = this.#translate(error)
    this.producer.fail(failure)
    return failure
  }

  #aborted(reason: string, cause?: unknown): TransactionAbortedError {
    const details = { producer: this.transactionalId, reason }
    return new TransactionAbortedError('MR_PROTOCOL_TRANSACTION_ABORTED', details, { cause })
  }

  #unknown(cause: unknown): TransactionAbortedError {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const details = { producer: this.transactionalId, reason }
    return new TransactionAbortedError('MR_PROTOCOL_COMMIT_UNKNOWN', details, { cause })
  }

  #expect(call: string, ...states: readonly TransactionState[]): void {
    if (states.includes(this.#state)) return
    const { failure } = this.producer
    if (failure !== null) throw failure
    const details = { producer: this.transactionalId, call, state: this.#state }
    throw new FatalError('MR_PROTOCOL_TRANSACTION_STATE', details)
  }
}

const unfenced = (): null => null
const firstV2Level = 2
/** Highest Produce version that means V1. */
const produceV1 = 11
const endingPollMs = 5
/** What whoever deploys must mend, in a transaction or not. */
const stays = (code: StreamsCode): boolean =>
  code === 'MR_PROTOCOL_AUTHORIZATION' || code === 'MR_PROTOCOL_TOPIC_MISSING' || code === 'MR_RUNTIME_CLOSED'
