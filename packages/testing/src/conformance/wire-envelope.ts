/** Envelopes of stored values and keys, for the table of `wire-serde.ts`. */
import type { Headers } from '@millrace/core'
import {
  type BufferValue,
  combinedKeyPrefix,
  decodeAggregateWithHeaders,
  decodeBufferValue,
  decodeChange,
  decodeCombinedKey,
  decodeCommitMetadata,
  decodeHeaders,
  decodeJoinBufferKey,
  decodeJoinBufferValue,
  decodeLatestVersion,
  decodePosition,
  decodePrefixedSessionKey,
  decodePrefixedWindowKey,
  decodeRecordContext,
  decodeSegmentVersions,
  decodeSessionKey,
  decodeSubscription,
  decodeSubscriptionResponse,
  decodeUtf8,
  decodeValueTimestampHeaders,
  decodeWindowKey,
  encodeAggregateWithHeaders,
  encodeBufferValue,
  encodeChange,
  encodeCombinedKey,
  encodeCommitMetadata,
  encodeHeaders,
  encodeJoinBufferKey,
  encodeJoinBufferValue,
  encodeKeyFirstSessionKey,
  encodeKeyFirstWindowKey,
  encodeLatestVersion,
  encodePosition,
  encodeRecordContext,
  encodeSegmentVersions,
  encodeSessionKey,
  encodeSubscription,
  encodeSubscriptionResponse,
  encodeTimeFirstSessionKey,
  encodeTimeFirstWindowKey,
  encodeUtf8,
  encodeValueAndTimestamp,
  encodeValueTimestampHeaders,
  encodeWindowKey,
  hash128,
  plainValueOf,
  type SessionKey,
  type StoredRecordContext,
  type SubscriptionInstruction,
  timestampOf,
  type WindowKey,
} from '@millrace/core/internal'
import {
  bytesOf,
  hexOf,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  nullableBytesOf,
  objectAt,
  textAt,
} from './wire-case.ts'
import type { WireCodec } from './wire-serde.ts'

const change: WireCodec = {
  write: (input) => encodeChange(nullableBytesOf(input['newValue']), nullableBytesOf(input['oldValue'])),
  read: (bytes, input) => {
    const { newValue, oldValue } = decodeChange(bytes)
    return { newValue: hexOf(newValue), oldValue: hexOf(oldValue), isLatest: input['isLatest']! }
  },
}

/** The envelopes by their names in the vectors. */
export const envelopes: Readonly<Record<string, WireCodec>> = {
  'WindowKeySchema.storeKey': windowKey(encodeWindowKey, decodeWindowKey),
  'TimeFirstWindowKeySchema.storeKey': windowKey(encodeTimeFirstWindowKey, decodePrefixedWindowKey),
  'KeyFirstWindowKeySchema.storeKey': windowKey(encodeKeyFirstWindowKey, decodePrefixedWindowKey),
  'SessionKeySchema.storeKey': sessionKey(encodeSessionKey, decodeSessionKey),
  'TimeFirstSessionKeySchema.storeKey': sessionKey(encodeTimeFirstSessionKey, decodePrefixedSessionKey),
  'KeyFirstSessionKeySchema.storeKey': sessionKey(encodeKeyFirstSessionKey, decodePrefixedSessionKey),
  Changed: change,
  'Changed(upgrade.from<=3.4)': change,
  'FK.SubscriptionWrapper': {
    write: (input) =>
      encodeSubscription({
        version: input['version'] as 0 | 1,
        instruction: textAt(input, 'instruction').toLowerCase().replaceAll('_', '-') as SubscriptionInstruction,
        hash: hashFrom(input['hash']),
        primaryKey: bytesOf(input['primaryKey']),
        primaryPartition: input['primaryPartition'] === undefined ? null : Number(input['primaryPartition']),
      }),
    read: (bytes) => {
      const { version, instruction, hash, primaryKey, primaryPartition } = decodeSubscription(bytes)
      return {
        version,
        instruction: instruction.toUpperCase().replaceAll('-', '_'),
        primaryKey: hexOf(primaryKey),
        hash: hashTo(hash),
        ...(primaryPartition === null ? {} : { primaryPartition }),
      }
    },
  },
  'FK.SubscriptionResponseWrapper': {
    write: (input) =>
      encodeSubscriptionResponse({
        hash: hashFrom(input['originalValueHash']),
        foreignValue: nullableBytesOf(input['foreignValue']),
      }),
    read: (bytes, input) => {
      const { hash, foreignValue } = decodeSubscriptionResponse(bytes)
      const isEmpty = foreignValue === null && input['foreignValue'] === ''
      return { version: 0, foreignValue: isEmpty ? '' : hexOf(foreignValue), originalValueHash: hashTo(hash) }
    },
  },
  'FK.CombinedKey': {
    write: (input) => encodeCombinedKey(bytesOf(input['foreignKey']), bytesOf(input['primaryKey'])),
    read: (bytes) => {
      const { foreignKey, primaryKey } = decodeCombinedKey(bytes)
      return { foreignKey: hexOf(foreignKey), primaryKey: hexOf(primaryKey) }
    },
  },
  'FK.CombinedKeyPrefix': {
    write: (input) => combinedKeyPrefix(bytesOf(input['foreignKey'])),
    read: (bytes) => ({ foreignKey: hexOf(decodeCombinedKey(bytes).foreignKey) }),
  },
  'Murmur3.hash128': { write: (input) => hash128(bytesOf(input['value'])), read: (_bytes, input) => input },
  ValueAndTimestamp: {
    write: (input) => encodeValueAndTimestamp(bytesOf(input['value']), Number(input['timestamp'])),
    read: (bytes) => ({ value: hexOf(plainValueOf(bytes)), timestamp: String(timestampOf(bytes)) }),
  },
  TimestampedKeyAndJoinSide: {
    write: (input) =>
      encodeJoinBufferKey(bytesOf(input['key']), Number(input['timestamp']), input['leftSide'] === true),
    read: (bytes) => {
      const { key, timestampMs, isLeft } = decodeJoinBufferKey(bytes)
      return { key: hexOf(key), timestamp: String(timestampMs), leftSide: isLeft }
    },
  },
  LeftOrRightValue: {
    write: (input) => encodeJoinBufferValue(bytesOf(input['value']), input['left'] === true),
    read: (bytes) => {
      const { value, isLeft } = decodeJoinBufferValue(bytes)
      return { value: hexOf(value), left: isLeft }
    },
  },
  ValueTimestampHeaders: {
    write: (input) =>
      encodeValueTimestampHeaders({
        value: bytesOf(input['value']),
        timestampMs: Number(input['timestamp']),
        headers: headersFrom(input),
      }),
    read: (bytes) => {
      const { value, timestampMs, headers } = decodeValueTimestampHeaders(bytes)
      return { value: hexOf(value), timestamp: String(timestampMs), headers: headersTo(headers) }
    },
  },
  AggregationWithHeaders: {
    write: (input) => encodeAggregateWithHeaders({ value: bytesOf(input['value']), headers: headersFrom(input) }),
    read: (bytes) => {
      const { value, headers } = decodeAggregateWithHeaders(bytes)
      return { value: hexOf(value), headers: headersTo(headers) }
    },
  },
  HeadersSerializer: {
    write: (input) => encodeHeaders(headersFrom(input)),
    read: (bytes) => ({ headers: headersTo(decodeHeaders(bytes)) }),
  },
  ProcessorRecordContext: {
    write: (input) => encodeRecordContext(contextFrom(input)),
    read: (bytes) => contextTo(decodeRecordContext(bytes)),
  },
  'Suppress.BufferValue': {
    write: (input) => encodeBufferValue(bufferValueFrom(input)),
    read: (bytes) => {
      const { context, priorValue, oldValue, newValue } = decodeBufferValue(bytes)
      const values = { priorValue: hexOf(priorValue), oldValue: hexOf(oldValue), newValue: hexOf(newValue) }
      return { ...values, context: contextTo(context) }
    },
  },
  Position: {
    write: (input) => encodePosition(positionFrom(objectAt(input, 'position'))),
    read: (bytes) => ({ position: positionTo(decodePosition(bytes)) }),
  },
  'TopicPartitionMetadata(base64 text of the committed offset)': {
    write: (input) => {
      const entries = Object.entries(objectAt(input, 'metadata'))
      const processors = new Map(entries.map(([key, value]) => [key, Number(value)]))
      return encodeUtf8(encodeCommitMetadata({ partitionTimeMs: Number(input['partitionTime']), processors }))
    },
    read: (bytes) => {
      const { partitionTimeMs, processors } = decodeCommitMetadata(decodeUtf8(bytes))
      const metadata = Object.fromEntries(Array.from(processors, ([key, value]) => [key, String(value)]))
      return { partitionTime: String(partitionTimeMs), metadata }
    },
  },
  'Versioned.latestValue': {
    write: (input) => encodeLatestVersion(bytesOf(input['value']), Number(input['timestamp'])),
    read: (bytes) => {
      const { value, validFromMs } = decodeLatestVersion(bytes)
      return { value: hexOf(value), timestamp: String(validFromMs) }
    },
  },
  'Versioned.segmentValue': {
    write: (input) => encodeSegmentVersions(listAt(input, 'records').filter(isObject).map(versionFrom)),
    read: (bytes) => {
      const versions = decodeSegmentVersions(bytes)
      return {
        nextTimestamp: String(versions[0]!.validToMs),
        records: versions.map(({ validFromMs, validToMs, value }) => ({
          validFrom: String(validFromMs),
          validTo: String(validToMs),
          value: hexOf(value),
        })),
      }
    },
  },
}

function windowKey(
  encode: (key: Uint8Array, startMs: number, seqnum: number) => Uint8Array,
  decode: (bytes: Uint8Array) => WindowKey,
): WireCodec {
  return {
    write: (input) => encode(bytesOf(input['key']), Number(input['timestamp']), Number(input['seqnum'])),
    read: (bytes) => {
      const { key, startMs, seqnum } = decode(bytes)
      return { key: hexOf(key), timestamp: String(startMs), seqnum }
    },
  }
}

function sessionKey(
  encode: (key: Uint8Array, startMs: number, endMs: number) => Uint8Array,
  decode: (bytes: Uint8Array) => SessionKey,
): WireCodec {
  return {
    write: (input) => encode(bytesOf(input['key']), Number(input['start']), Number(input['end'])),
    read: (bytes) => {
      const { key, startMs, endMs } = decode(bytes)
      return { key: hexOf(key), start: String(startMs), end: String(endMs) }
    },
  }
}

/** Two int64 as text. */
function hashFrom(json: Json | undefined): Uint8Array | null {
  if (json === null || json === undefined) return null
  const hash = new Uint8Array(16)
  const view = new DataView(hash.buffer)
  ;(json as readonly string[]).forEach((half, i) => view.setBigInt64(8 * i, BigInt(half)))
  return hash
}

function hashTo(hash: Uint8Array | null): Json {
  if (hash === null) return null
  const view = new DataView(hash.buffer, hash.byteOffset, 16)
  return [String(view.getBigInt64(0)), String(view.getBigInt64(8))]
}

function headersFrom(input: JsonObject): Headers {
  return listAt(input, 'headers').map((header) => {
    const [key, value] = header as readonly [string, string | null]
    return { key, value: nullableBytesOf(value) }
  })
}

function headersTo(headers: Headers): Json {
  return headers.map(({ key, value }) => [key, hexOf(value)])
}

function contextFrom(input: JsonObject): StoredRecordContext {
  return {
    timestampMs: Number(input['timestamp']),
    offset: Number(input['offset']),
    topic: textAt(input, 'topic'),
    partition: Number(input['partition']),
    headers: headersFrom(input),
  }
}

function contextTo(context: StoredRecordContext): JsonObject {
  const { timestampMs, offset, topic, partition, headers } = context
  return { timestamp: String(timestampMs), offset: String(offset), topic, partition, headers: headersTo(headers) }
}

function bufferValueFrom(input: JsonObject): BufferValue {
  return {
    context: contextFrom(objectAt(input, 'context')),
    priorValue: nullableBytesOf(input['priorValue']),
    oldValue: nullableBytesOf(input['oldValue']),
    newValue: nullableBytesOf(input['newValue']),
  }
}

function positionFrom(json: JsonObject): Map<string, Map<number, number>> {
  const topics = Object.entries(json).map(([topic, partitions]): [string, Map<number, number>] => {
    const offsets = Object.entries(partitions as JsonObject)
    return [topic, new Map(offsets.map(([partition, offset]) => [Number(partition), Number(offset)]))]
  })
  return new Map(topics)
}

function positionTo(position: ReadonlyMap<string, ReadonlyMap<number, number>>): JsonObject {
  const topics = Array.from(position, ([topic, offsets]): [string, Json] => {
    return [topic, Object.fromEntries(Array.from(offsets, ([partition, offset]) => [partition, String(offset)]))]
  })
  return Object.fromEntries(topics)
}

function versionFrom(json: JsonObject): { validFromMs: number; validToMs: number; value: Uint8Array | null } {
  const value = nullableBytesOf(json['value'])
  return { validFromMs: Number(json['validFrom']), validToMs: Number(json['validTo']), value }
}
