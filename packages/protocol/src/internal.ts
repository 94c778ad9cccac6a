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
export {
  decodeRequestHeader,
  type DecodedRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from './codec/header.ts'
export { type FieldSchema, hasVersion, type MessageInput, type MessageSchema } from './codec/schema.ts'
