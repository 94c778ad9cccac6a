/**
 * What one partition remembers of each producer: epoch, the last five batches, and its open transaction.
 *
 * From this come the answers to an idempotent producer: the batch is new, is a repeat (answered with the offsets of the
 * first time and not written), leaves a gap (45), or is of a fenced epoch (47). The state is a function of the batch
 * headers, so recovery replays them through the same code.
 *
 * Source: Kafka's ProducerStateManager, ProducerAppendInfo and VerificationStateEntry; KIP-98, KIP-360, KIP-890.
 */
import type { errorCode } from '@millrace/protocol/internal'
import type { BatchHeader } from './batch-header.ts'

/** A batch that a repeat may be compared with. */
export interface RememberedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestampMs: number
}

/** One producer as the partition knows it. */
export interface ProducerState {
  readonly producerId: number
  epoch: number
  coordinatorEpoch: number
  lastTimestampMs: number
  /** First offset of the open transaction, −1 when there is none. */
  transactionStart: number
  /** Offset of the last batch of data or marker, so that compaction can keep the last sequence. */
  lastOffset: number
  /** Oldest first, at most five, all of `epoch`. */
  batches: RememberedBatch[]
}

/** A batch that waits for the word of the transaction coordinator, or has had its refusal. Not kept over a restart. */
interface Verification {
  epoch: number
  /** The least that was asked for in `epoch`: what comes after it must not be written before it. */
  lowestSequence: number
  /** Under transactions V2 a marker may be that of the transaction before. */
  readonly isV2: boolean
  readonly sinceMs: number
}

/** A transaction that its marker has just ended. */
export interface EndedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly aborted: boolean
}

/** What a client's batch is, before anything is written. */
export type SequenceVerdict =
  | { readonly kind: 'new' }
  | { readonly kind: 'repeat'; readonly batch: RememberedBatch }
  | { readonly kind: 'refused'; readonly error: ProducerError; readonly reason: string }

type ProducerError =
  | typeof errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
  | typeof errorCode.INVALID_PRODUCER_EPOCH
  | typeof errorCode.INVALID_TXN_STATE

const outOfOrder = 45
const invalidEpoch = 47
const invalidState = 48
const rememberedBatchesMax = 5
const sequenceMax = 2147483647

/** The producers of one partition. */
export class ProducerStates {
  readonly #byId: Map<number, ProducerState> = new Map()
  readonly #verifications: Map<number, Verification> = new Map()

  get(producerId: number): ProducerState | undefined {
    return this.#byId.get(producerId)
  }

  all(): IterableIterator<ProducerState> {
    return this.#byId.values()
  }

  /** Offset of the oldest open transaction, or Infinity. */
  firstUnstableOffset(): number {
    let first = Infinity
    for (const state of this.#byId.values()) {
      if (state.transactionStart >= 0 && state.transactionStart < first) first = state.transactionStart
    }
    return first
  }

  /** True when the producer has written to this partition in a transaction that is not decided yet. */
  hasOpenTransaction(producerId: number, epoch: number): boolean {
    const state = this.#byId.get(producerId)
    return state !== undefined && state.transactionStart >= 0 && state.epoch === epoch
  }

  /**
   * The coordinator is about to be asked for the first batch of a transaction here. Until a transactional batch of the
   * producer is written, or its marker, none with a greater sequence is: the one before may have been sent back.
   */
  beginVerification(header: BatchHeader, isV2: boolean, nowMs: number): void {
    const { producerId, producerEpoch: epoch, baseSequence } = header
    const known = this.#verifications.get(producerId)
    if (known === undefined) {
      this.#verifications.set(producerId, { epoch, lowestSequence: baseSequence, isV2, sinceMs: nowMs })
    } else if (epoch > known.epoch || (epoch === known.epoch && baseSequence < known.lowestSequence)) {
      known.epoch = epoch
      known.lowestSequence = baseSequence
    }
  }

  /**
   * Judges a client's batch of an idempotent or transactional producer.
   *
   * `strictStart`: under transactions V2 (KIP-890) a producer that the partition does not know must begin at sequence 0.
   */
  judge(header: BatchHeader, strictStart: boolean): SequenceVerdict {
    const state = this.#byId.get(header.producerId)
    const { producerEpoch: epoch, baseSequence: sequence } = header
    const repeat = state === undefined ? undefined : this.#findRepeat(state, header)
    if (repeat) return { kind: 'repeat', batch: repeat }
    if (state !== undefined && epoch < state.epoch) {
      return refuse(invalidEpoch, `epoch of producer ${header.producerId} is ${state.epoch}, got ${epoch}`)
    }
    const lowest = this.#verifications.get(header.producerId)?.lowestSequence ?? Infinity
    if (sequence > lowest) {
      return refuse(
        outOfOrder,
        `sequence ${sequence} of producer ${header.producerId} is behind ${lowest}, not written yet`,
      )
    }
    if (state === undefined || state.epoch < 0) {
      if (!strictStart || sequence === 0) return { kind: 'new' }
      return refuse(outOfOrder, `unknown producer ${header.producerId} begins at sequence ${sequence}`)
    }
    const last = epoch === state.epoch ? (state.batches[state.batches.length - 1]?.lastSequence ?? -1) : -1
    if (!follows(last, sequence)) {
      return refuse(outOfOrder, `sequence ${sequence} of producer ${header.producerId} does not follow ${last}`)
    }
    if (state.transactionStart >= 0 && !header.transactional) {
      return refuse(invalidState, `producer ${header.producerId} has an open transaction, got a batch outside of it`)
    }
    return { kind: 'new' }
  }

  /** Takes note of a batch of data that has been written. */
  recordData(header: BatchHeader): void {
    const state = this.#stateOf(header.producerId)
    if (header.transactional) this.#verifications.delete(header.producerId)
    if (state.epoch !== header.producerEpoch) {
      state.epoch = header.producerEpoch
      state.batches = []
    }
    state.batches.push({
      firstSequence: header.baseSequence,
      lastSequence: lastSequenceOf(header),
      baseOffset: header.baseOffset,
      timestampMs: header.maxTimestampMs,
    })
    if (state.batches.length > rememberedBatchesMax) state.batches.shift()
    state.lastTimestampMs = header.maxTimestampMs
    state.lastOffset = header.lastOffset
    if (header.transactional && state.transactionStart < 0) state.transactionStart = header.baseOffset
  }

  /** Takes note of a transaction marker; the transaction it ends, if one was open here. */
  recordMarker(
    header: BatchHeader,
    marker: { commit: boolean; coordinatorEpoch: number },
  ): EndedTransaction | undefined {
    const state = this.#stateOf(header.producerId)
    const verification = this.#verifications.get(header.producerId)
    // under V2 the marker carries the epoch of the next transaction, whose first batch may have come already
    const isOfNext = verification?.isV2 === true && verification.epoch === header.producerEpoch
    if (!isOfNext) this.#verifications.delete(header.producerId)
    if (state.epoch !== header.producerEpoch) {
      state.epoch = header.producerEpoch
      state.batches = []
    }
    state.coordinatorEpoch = marker.coordinatorEpoch
    state.lastTimestampMs = header.maxTimestampMs
    state.lastOffset = header.lastOffset
    const firstOffset = state.transactionStart
    if (firstOffset < 0) return undefined
    state.transactionStart = -1
    return { producerId: header.producerId, firstOffset, lastOffset: header.lastOffset, aborted: !marker.commit }
  }

  /** Forgets idle producers without an open transaction. */
  expire(olderThanMs: number): void {
    for (const state of this.#byId.values()) {
      if (state.transactionStart < 0 && state.lastTimestampMs < olderThanMs) this.#byId.delete(state.producerId)
    }
    for (const [producerId, { sinceMs }] of this.#verifications) {
      if (sinceMs < olderThanMs) this.#verifications.delete(producerId)
    }
  }

  clear(): void {
    this.#byId.clear()
    this.#verifications.clear()
  }

  #stateOf(producerId: number): ProducerState {
    let state = this.#byId.get(producerId)
    if (state === undefined) {
      state = {
        producerId,
        epoch: -1,
        coordinatorEpoch: -1,
        lastTimestampMs: -1,
        transactionStart: -1,
        lastOffset: -1,
        batches: [],
      }
      this.#byId.set(producerId, state)
    }
    return state
  }

  #findRepeat(state: ProducerState, header: BatchHeader): RememberedBatch | undefined {
    if (header.producerEpoch !== state.epoch) return undefined
    const last = lastSequenceOf(header)
    return state.batches.find((batch) => batch.firstSequence === header.baseSequence && batch.lastSequence === last)
  }
}

/** Sequence of the batch's last record; sequences wrap to 0 after 2^31 − 1. */
function lastSequenceOf(header: BatchHeader): number {
  const last = header.baseSequence + (header.lastOffset - header.baseOffset)
  return last > sequenceMax ? last - sequenceMax - 1 : last
}

function follows(last: number, next: number): boolean {
  return next === last + 1 || (next === 0 && last === sequenceMax)
}

function refuse(error: ProducerError, reason: string): SequenceVerdict {
  return { kind: 'refused', error, reason }
}
