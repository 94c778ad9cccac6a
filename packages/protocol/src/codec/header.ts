/**
 * Request and response headers, for whoever owns the socket: the embedded broker's listener and tests.
 *
 * Above the transport port nobody sees a header (see `encodeSentRequest`). A frame on a socket is an int32 size, the
 * header, the body. In request header v2 the client id is still an int16-length string, followed by the tag buffer.
 */
import { type Api, hasResponseTags, isFlexible } from './api.ts'
import { apiByKey } from './apis.ts'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'

/** What a request header says. `bodyOffset`: where the body begins in the bytes it was decoded from. */
export interface DecodedRequestHeader {
  readonly apiKey: number
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  readonly bodyOffset: number
}

/** Header of a request, v2 when the API's version is flexible, else v1. */
export function encodeRequestHeader(
  api: Api<unknown, unknown>,
  version: number,
  from: { readonly correlationId: number; readonly clientId: string | null },
): Uint8Array {
  const writer = new ByteWriter(64)
  writer.int16(api.key)
  writer.int16(version)
  writer.int32(from.correlationId)
  if (from.clientId === null) writer.int16(-1)
  else writer.string16(from.clientId)
  if (isFlexible(api, version)) writer.int8(0)
  return writer.take()
}

/**
 * Reads a request header; an API of no known key is taken to have header v1.
 *
 * @throws {RangeError} when the bytes end too early
 */
export function decodeRequestHeader(bytes: Uint8Array, offset = 0): DecodedRequestHeader {
  const reader = new ByteReader(bytes, offset)
  const apiKey = reader.int16()
  const version = reader.int16()
  const correlationId = reader.int32()
  const size = reader.int16()
  const clientId = size < 0 ? null : reader.text(size)
  const api = apiByKey(apiKey)
  if (api !== undefined && isFlexible(api, version)) reader.skipTags()
  return { apiKey, version, correlationId, clientId, bodyOffset: reader.position }
}

/** Header of a response: v1 with an empty tag buffer in flexible versions, else v0; always v0 for ApiVersions. */
export function encodeResponseHeader(api: Api<unknown, unknown>, version: number, correlationId: number): Uint8Array {
  const writer = new ByteWriter(8)
  writer.int32(correlationId)
  if (hasResponseTags(api, version)) writer.int8(0)
  return writer.take()
}

/** Reads a response header. `bodyOffset`: where the body begins. @throws {RangeError} when the bytes end too early */
export function decodeResponseHeader(
  api: Api<unknown, unknown>,
  version: number,
  bytes: Uint8Array,
): { readonly correlationId: number; readonly bodyOffset: number } {
  const reader = new ByteReader(bytes)
  const correlationId = reader.int32()
  if (hasResponseTags(api, version)) reader.skipTags()
  return { correlationId, bodyOffset: reader.position }
}
