/**
 * Transaction markers: the one record of a control batch that says how a producer's transaction on a partition ended.
 *
 * Shape: key = version int16, type int16 (0 abort, 1 commit); value = version int16, coordinator epoch int32.
 */
import { RecordBatchBuilder } from './record-batch-builder.ts'

/** What a control record tells; other kinds exist in controller logs only. */
export type ControlType = 'abort' | 'commit' | 'unknown'

/** A marker as the broker writes it. */
export interface MarkerOptions {
  readonly type: 'abort' | 'commit'
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly timestampMs: number
  readonly baseOffset?: number
  readonly partitionLeaderEpoch?: number
}

/** Kind of a control record by its key. */
export function controlType(key: Uint8Array | null): ControlType {
  if (key === null || key.length < 4) return 'unknown'
  const type = (key[2]! << 8) | key[3]!
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'unknown'
}

/** A control batch with one marker. */
export function encodeMarkerBatch(options: MarkerOptions): Uint8Array {
  const key = Uint8Array.of(0, 0, 0, options.type === 'commit' ? 1 : 0)
  const value = new Uint8Array(6)
  new DataView(value.buffer).setInt32(2, options.coordinatorEpoch)
  const builder = new RecordBatchBuilder(batchBytes)
  builder.append(key, value, options.timestampMs)
  return builder.build({
    baseOffset: options.baseOffset ?? 0,
    partitionLeaderEpoch: options.partitionLeaderEpoch ?? -1,
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    isTransactional: true,
    isControl: true,
  })
}

const batchBytes = 96
