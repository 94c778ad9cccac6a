/**
 * Request and response headers, for whoever owns the socket: the embedded broker's listener and tests.
 *
 * Above the transport port nobody sees a header (see `encodeSentRequest`). A frame on a socket is an int32 size, the
 * header, the body. In request header v2 the client id is still an int16-length string, followed by the tag buffer.
 */
import { type Api, encodeMessage, hasResponseTags, isFlexible } from './api.ts'
import { apiByKey } from './apis.ts'
import { ByteReader } from './byte-reader.ts'
import { compileMessage } from './compile.ts'
import { type RequestHeader, requestHeaderSchema } from './message/request-header.ts'
import { type ResponseHeader, responseHeaderSchema } from './message/response-header.ts'

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
  const header: RequestHeader = { requestApiKey: api.key, requestApiVersion: version, ...from }
  return encodeMessage(requestHeaderSchema, isFlexible(api, version) ? 2 : 1, header)
}

/**
 * Reads a request header; an API of no known key is taken to have header v1.
 *
 * @throws {RangeError} when the bytes end too early
 */
export function decodeRequestHeader(bytes: Uint8Array, offset = 0): DecodedRequestHeader {
  const reader = new ByteReader(bytes, offset)
  const header = compileMessage(requestHeaderSchema, 1).read(reader) as RequestHeader
  const api = apiByKey(header.requestApiKey)
  if (api !== undefined && isFlexible(api, header.requestApiVersion)) reader.skipTags()
  return {
    apiKey: header.requestApiKey,
    version: header.requestApiVersion,
    correlationId: header.correlationId,
    clientId: header.clientId,
    bodyOffset: reader.position,
  }
}

/** Header of a response: v1 with an empty tag buffer in flexible versions, else v0; always v0 for ApiVersions. */
export function encodeResponseHeader(api: Api<unknown, unknown>, version: number, correlationId: number): Uint8Array {
  return encodeMessage(responseHeaderSchema, hasResponseTags(api, version) ? 1 : 0, { correlationId })
}

/** Reads a response header. `bodyOffset`: where the body begins. @throws {RangeError} when the bytes end too early */
export function decodeResponseHeader(
  api: Api<unknown, unknown>,
  version: number,
  bytes: Uint8Array,
): { readonly correlationId: number; readonly bodyOffset: number } {
  const reader = new ByteReader(bytes)
  const header = compileMessage(responseHeaderSchema, hasResponseTags(api, version) ? 1 : 0).read(reader)
  return { correlationId: (header as ResponseHeader).correlationId, bodyOffset: reader.position }
}
