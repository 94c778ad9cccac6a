/** Names for Millrace's own packages only. */
export * from './codec/apis.ts'
export {
  type Api,
  decodeMessage,
  decodeReceivedRequest,
  decodeReceivedResponse,
  decodeRequest,
  decodeResponse,
  encodeMessage,
  encodeRequest,
  encodeResponse,
  encodeSentRequest,
  encodeSentResponse,
  hasResponseTags,
  isFlexible,
} from './codec/api.ts'
export { ByteReader } from './codec/byte-reader.ts'
export { ByteWriter } from './codec/byte-writer.ts'
export { errorCode, type ErrorName, errorName, isInvalidMetadataCode, isRetriableCode } from './codec/error-code.ts'
export { isPlanted, plantableFaults, plantedActs, type PlantedFault, plantFault, silenceWhile } from './fault-switch.ts'
export {
  decodeRequestHeader,
  type DecodedRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from './codec/header.ts'
export { type FieldSchema, hasVersion, type MessageInput, type MessageSchema } from './codec/schema.ts'
export { compress, type CompressionName, compressionNames, decompress, loadCodecs } from './compression/compression.ts'
export { murmur2, partitionForKey } from './partition/murmur2.ts'
export {
  BatchHeader,
  batchHeaderBytes,
  readBatchHeaders,
  stampBatch,
  stampLogAppendTime,
  type TimestampType,
} from './record-batch/batch-header.ts'
export { controlType, type ControlType, encodeMarkerBatch, type MarkerOptions } from './record-batch/control-record.ts'
export { crc32c, crc32cTables } from './record-batch/crc32c.ts'
export { decodeBatch, decodeBatches, type DecodeOptions, RecordBatch } from './record-batch/record-batch.ts'
export { type BatchOptions, RecordBatchBuilder, recordBytesMax } from './record-batch/record-batch-builder.ts'
export { VarintCursor, writeVarint, writeVarint64, writeVarlong } from './record-batch/varint.ts'
export {
  decodeMemberAssignment,
  decodeMemberSubscription,
  encodeMemberAssignment,
  encodeMemberSubscription,
  type MemberAssignment,
  type MemberSubscription,
} from './codec/consumer-protocol.ts'
export { nodeClock, nodeRandom, nodeTimers } from './platform.ts'
