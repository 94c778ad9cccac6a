/** Wire vectors of record batches: every field of every batch and record, and for `encode: true` the same bytes back. */
import {
  type BatchHeader,
  decodeBatch,
  readBatchHeaders,
  type RecordBatch,
  RecordBatchBuilder,
} from '@millrace/protocol/internal'
import {
  byteDifference,
  bytesOf,
  difference,
  hexOf,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  nullableBytesOf,
} from './wire-case.ts'

/** `{name, encode, batches, hex}`. The codecs must have been loaded. */
export function checkRecordBatches(vector: JsonObject): string | null {
  const bytes = bytesOf(vector['hex'])
  const wanted = listAt(vector, 'batches').filter(isObject)
  const headers = readBatchHeaders(bytes)
  if (headers.length !== wanted.length) return `batches: wanted ${wanted.length}, got ${headers.length}`
  for (const [i, header] of headers.entries()) {
    const want = wanted[i]!
    const found = difference({ magic: 2, ...want }, describe(header), `batches[${i}]`)
    if (found !== null) return found
  }
  if (vector['encode'] !== true) return null
  const encoded = wanted.map(encodeBatch)
  const whole = new Uint8Array(encoded.reduce((size, batch) => size + batch.length, 0))
  let at = 0
  for (const batch of encoded) {
    whole.set(batch, at)
    at += batch.length
  }
  return byteDifference(vector['hex'], whole)
}

function describe(header: BatchHeader): JsonObject {
  const valid = header.computeCrc() === header.crc
  return {
    magic: 2,
    baseOffset: String(header.baseOffset),
    lastOffset: String(header.lastOffset),
    producerId: String(header.producerId),
    maxTimestamp: String(header.maxTimestampMs),
    baseTimestamp: String(header.baseTimestampMs),
    sizeInBytes: header.sizeInBytes,
    crc: header.crc,
    partitionLeaderEpoch: header.partitionLeaderEpoch,
    producerEpoch: header.producerEpoch,
    baseSequence: header.baseSequence,
    lastSequence: header.lastSequence,
    compression: header.compression,
    timestampType: header.timestampType === 'create-time' ? 'CreateTime' : 'LogAppendTime',
    isTransactional: header.isTransactional,
    isControlBatch: header.isControl,
    deleteHorizonMs: header.deleteHorizonMs === null ? null : String(header.deleteHorizonMs),
    attributes: header.attributes,
    valid,
    recordCount: header.recordCount,
    ...(valid ? { records: recordsOf(decodeBatch(header)) } : refusalOf(header)),
  }
}

/** A damaged batch must be refused; if it is not, its records show up as a difference. */
function refusalOf(header: BatchHeader): JsonObject {
  try {
    return { records: recordsOf(decodeBatch(header)) }
  } catch {
    return {}
  }
}

function recordsOf(batch: RecordBatch): Json[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    offset: String(batch.offsetAt(i)),
    timestamp: String(batch.timestampAt(i)),
    sequence: batch.sequenceAt(i),
    key: hexOf(batch.keyAt(i)),
    value: hexOf(batch.valueAt(i)),
    headers: batch.headersAt(i).map(({ key, value }) => [key, hexOf(value)]),
  }))
}

function encodeBatch(batch: JsonObject): Uint8Array {
  const builder = new RecordBatchBuilder()
  const baseOffset = Number(batch['baseOffset'])
  for (const record of listAt(batch, 'records').filter(isObject)) {
    const headers = listAt(record, 'headers').map((header) => {
      const [key, value] = header as readonly [string, string | null]
      return { key, value: nullableBytesOf(value) }
    })
    const delta = Number(record['offset']) - baseOffset
    const [key, value] = [nullableBytesOf(record['key']), nullableBytesOf(record['value'])]
    builder.appendAt(delta, key, value, Number(record['timestamp']), headers)
  }
  return builder.build({
    baseOffset,
    lastOffsetDelta: Number(batch['lastOffset']) - baseOffset,
    maxTimestampMs: Number(batch['maxTimestamp']),
    partitionLeaderEpoch: Number(batch['partitionLeaderEpoch']),
    producerId: BigInt(batch['producerId'] as string),
    producerEpoch: Number(batch['producerEpoch']),
    baseSequence: Number(batch['baseSequence']),
    isTransactional: batch['isTransactional'] === true,
    isControl: batch['isControlBatch'] === true,
  })
}
