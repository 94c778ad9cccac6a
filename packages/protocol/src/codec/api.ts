/**
 * Encodes and decodes the requests and responses of one Kafka API.
 *
 * An `Api` constant (`fetch`, `produce`, … in `apis.ts`) names both bodies; these functions turn them into bytes and
 * back. Bodies may leave fields out when encoding; decoded bodies have every field of the schema. Both directions are
 * offered for clients and for the embedded broker, with or without the header's tag buffer (see `Transport`).
 */
import { FatalError } from '@millrace/core'
import { ByteReader } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { compileMessage } from './compile.ts'
import type { MessageInput, MessageSchema } from './schema.ts'

/** One API of Kafka's protocol. `flexibleFrom` is Infinity when no version is flexible. */
export interface Api<Req, Res> {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleFrom: number
  readonly request: MessageSchema<Req>
  readonly response: MessageSchema<Res>
}

/** True when this version has tag buffers and compact lengths (KIP-482); its request header is then v2. */
export function isFlexible(api: Api<unknown, unknown>, version: number): boolean {
  return version >= api.flexibleFrom
}

/** True when the response header of this version carries a tag buffer: flexible versions, except of ApiVersions. */
export function hasResponseTags(api: Api<unknown, unknown>, version: number): boolean {
  return version >= api.flexibleFrom && api.key !== apiVersionsKey
}

/**
 * Bytes of a request's body, without header.
 *
 * @throws {MR_PROTOCOL_VERSION} (FatalError) the API has no such version
 * @throws {MR_PROTOCOL_ENCODE} (FatalError) a field has the wrong type, or a value this version cannot carry
 */
export function encodeRequest<Req, Res>(api: Api<Req, Res>, version: number, body: MessageInput<Req>): Uint8Array {
  checkVersion(api, version)
  return encode(api.request, version, body, false)
}

/**
 * Body of a request. Bytes and records in it are views on `bytes`; what follows the body is ignored.
 *
 * @throws {MR_PROTOCOL_VERSION} (FatalError) the API has no such version
 * @throws {MR_PROTOCOL_DECODE} (FatalError) the bytes are no such request
 */
export function decodeRequest<Req, Res>(api: Api<Req, Res>, version: number, bytes: Uint8Array, offset = 0): Req {
  checkVersion(api, version)
  return decode(api.request, version, bytes, offset, false)
}

/** Bytes of a response's body, without header; errors as `encodeRequest`. */
export function encodeResponse<Req, Res>(api: Api<Req, Res>, version: number, body: MessageInput<Res>): Uint8Array {
  checkVersion(api, version)
  return encode(api.response, version, body, false)
}

/** Body of a response; views and errors as `decodeRequest`. */
export function decodeResponse<Req, Res>(api: Api<Req, Res>, version: number, bytes: Uint8Array, offset = 0): Res {
  checkVersion(api, version)
  return decode(api.response, version, bytes, offset, false)
}

/**
 * As `encodeRequest`, in the shape `TransportChannel.send` wants: header tag buffer `00` in front when flexible.
 *
 * @param bytesMax at least the size of a large request, so that its buffer need not grow; 0 = not known
 */
export function encodeSentRequest<Req, Res>(
  api: Api<Req, Res>,
  version: number,
  body: MessageInput<Req>,
  bytesMax = 0,
): Uint8Array {
  checkVersion(api, version)
  scratch.reset()
  scratch.ensure(bytesMax)
  return encode(api.request, version, body, isFlexible(api, version))
}

/** As `decodeResponse`, from what `TransportChannel.send` resolves with: steps over the header's tag buffer if any. */
export function decodeReceivedResponse<Req, Res>(api: Api<Req, Res>, version: number, bytes: Uint8Array): Res {
  checkVersion(api, version)
  return decode(api.response, version, bytes, 0, hasResponseTags(api, version))
}

/** The broker's side of `encodeSentRequest`. */
export function decodeReceivedRequest<Req, Res>(api: Api<Req, Res>, version: number, bytes: Uint8Array): Req {
  checkVersion(api, version)
  return decode(api.request, version, bytes, 0, isFlexible(api, version))
}

/** The broker's side of `decodeReceivedResponse`. */
export function encodeSentResponse<Req, Res>(api: Api<Req, Res>, version: number, body: MessageInput<Res>): Uint8Array {
  checkVersion(api, version)
  return encode(api.response, version, body, hasResponseTags(api, version))
}

/** Bytes of a message that is no API, e.g. a consumer-protocol subscription; errors as `encodeRequest`. */
export function encodeMessage<T>(schema: MessageSchema<T>, version: number, body: MessageInput<T>): Uint8Array {
  return encode(schema, version, body, false)
}

/** A message that is no API; errors as `decodeRequest`. */
export function decodeMessage<T>(schema: MessageSchema<T>, version: number, bytes: Uint8Array, offset = 0): T {
  return decode(schema, version, bytes, offset, false)
}

const apiVersionsKey = 18
const scratch = new ByteWriter(4096)

function checkVersion(api: Api<unknown, unknown>, version: number): void {
  if (version >= api.minVersion && version <= api.maxVersion) return
  throw new FatalError('MR_PROTOCOL_VERSION', {
    api: api.name,
    version,
    minVersion: api.minVersion,
    maxVersion: api.maxVersion,
  })
}

function encode<T>(schema: MessageSchema<T>, version: number, body: MessageInput<T>, tags: boolean): Uint8Array {
  scratch.reset()
  if (tags) scratch.int8(0)
  try {
    compileMessage(schema, version).write(scratch, body)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const details = { message: schema.name, version, field: scratch.field, reason }
    throw new FatalError('MR_PROTOCOL_ENCODE', details, { cause })
  }
  return scratch.take()
}

function decode<T>(schema: MessageSchema<T>, version: number, bytes: Uint8Array, offset: number, tags: boolean): T {
  const reader = new ByteReader(bytes, offset)
  try {
    if (tags) reader.skipTags()
    return compileMessage(schema, version).read(reader) as T
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const details = { message: schema.name, version, position: reader.position, length: bytes.length, reason }
    throw new FatalError('MR_PROTOCOL_DECODE', details, { cause })
  }
}
