/**
 * A closed batch on its way to a partition's leader, and what can be done to one: stamp it with another producer
 * epoch and sequence, split it.
 */
import { readBatchHeaders } from '../record-batch/batch-header.ts'
import { crc32c } from '../record-batch/crc32c.ts'
import { decodeBatch, type RecordBatch } from '../record-batch/record-batch.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** Who writes; both −1 before InitProducerId. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Before InitProducerId. */
export const noIdentity: ProducerIdentity = { producerId: -1n, producerEpoch: -1 }

export class ProducerBatch {
  readonly queue: PartitionQueue
  readonly recordCount: number
  /** When it was closed, monotonic ms. */
  readonly closedMs: number
  readonly bytes: Uint8Array
  /** First sequence number; −1 until it is sent for the first time. */
  sequence = -1
  /** How many batches of the partition were sent for the first time before this one. */
  ordinal = 0
  isInFlight = false
  /** Acknowledged, refused or dropped: later answers are ignored. */
  isDone = false
  /** It was sent and the answer was lost: it may have been written. */
  isUnknown = false
  /** A later batch was acknowledged before this one. */
  wasOvertaken = false
  /** The last failure, for the text of MR_PROTOCOL_DELIVERY. */
  lastFailure = ''
  #stamped: ProducerIdentity = noIdentity
  #stampedSequence = -1

  constructor(
    queue: PartitionQueue,
    bytes: Uint8Array,
    from: { readonly recordCount: number; readonly closedMs: number },
  ) {
    this.queue = queue
    this.bytes = bytes
    this.recordCount = from.recordCount
    this.closedMs = from.closedMs
  }

  get topic(): string {
    return this.queue.topic
  }

  get partition(): number {
    return this.queue.partition
  }

  /** Says what the batch was built with, so that `stamp` need not write it again. */
  builtFor(identity: ProducerIdentity, sequence: number): void {
    this.#stamped = identity
    this.#stampedSequence = sequence
  }

  /** Writes producer id, epoch and sequence into the batch's header and renews its checksum, if they differ. */
  stamp(identity: ProducerIdentity, sequence: number): void {
    this.sequence = sequence
    const isSame =
      this.#stampedSequence === sequence &&
      this.#stamped.producerId === identity.producerId &&
      this.#stamped.producerEpoch === identity.producerEpoch
    if (isSame) return
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
    view.setBigInt64(43, identity.producerId)
    view.setInt16(51, identity.producerEpoch)
    view.setInt32(53, sequence)
    view.setUint32(17, crc32c(this.bytes.subarray(21)))
    this.builtFor(identity, sequence)
  }

  /** The records, decoded. */
  records(): RecordBatch {
    return decodeBatch(readBatchHeaders(this.bytes)[0]!, { checkCrc: false })
  }

  /** Two batches with the first and the second half of the records, for a leader that finds this one too large. */
  split(isTransactional: boolean): [ProducerBatch, ProducerBatch] {
    const records = this.records()
    const middle = Math.ceil(this.recordCount / 2)
    const half = (from: number, to: number): ProducerBatch => {
      const builder = new RecordBatchBuilder(this.bytes.length)
      for (let i = from; i < to; i++) {
        builder.append(records.keyAt(i), records.valueAt(i), records.timestampAt(i), records.headersAt(i))
      }
      const bytes = builder.build({ compression: records.header.compression, isTransactional })
      return new ProducerBatch(this.queue, bytes, { recordCount: to - from, closedMs: this.closedMs })
    }
    return [half(0, middle), half(middle, this.recordCount)]
  }
}

/** Sequence numbers are int32 and go on at 0 after 2^31 − 1. */
export function advanceSequence(sequence: number, records: number): number {
  return (sequence + records) % 0x8000_0000
}
