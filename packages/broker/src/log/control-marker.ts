/**
 * Transaction markers: control batches of one record that say "commit" or "abort" in the log itself.
 *
 * Record: key `0000 0001` commit or `0000 0000` abort (version, type), value `0000` and the coordinator's epoch as int32.
 */
import { encodeMarkerBatch } from '@millrace/protocol/internal'
import { batchHeaderBytes, readInt16, readInt32 } from './batch-header.ts'

/** Behind the header: length, attributes, timestamp delta, offset delta and key length, one byte each. */
const keyAt = batchHeaderBytes + 5
/** Behind the key's four bytes: the value's length in one byte. */
const valueAt = keyAt + 5
const markerBytesMin = valueAt + 6

/** What a marker decides, and about whom. */
export interface Marker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly commit: boolean
  readonly coordinatorEpoch: number
}

/** The batch of a marker, not yet placed. */
export function encodeMarker(marker: Marker, timestampMs: number): Uint8Array {
  return encodeMarkerBatch({
    type: marker.commit ? 'commit' : 'abort',
    producerId: BigInt(marker.producerId),
    producerEpoch: marker.producerEpoch,
    coordinatorEpoch: marker.coordinatorEpoch,
    timestampMs,
  })
}

/** What the marker in a whole control batch says; undefined when it is no transaction marker. */
export function decodeMarker(bytes: Uint8Array): { commit: boolean; coordinatorEpoch: number } | undefined {
  if (bytes.length < markerBytesMin) return undefined
  const type = readInt16(bytes, keyAt + 2)
  if (type !== 0 && type !== 1) return undefined
  return { commit: type === 1, coordinatorEpoch: readInt32(bytes, valueAt + 2) }
}
