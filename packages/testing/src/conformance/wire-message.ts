/** Wire vectors of requests, responses and headers: decode and encode, both against Kafka's bytes. */
import {
  apiByKey,
  apis,
  decodeMessage,
  encodeMessage,
  type FieldSchema,
  hasResponseTags,
  hasVersion,
  isFlexible,
  type MessageSchema,
  requestHeaderSchema,
  responseHeaderSchema,
} from '@millrace/protocol/internal'
import {
  byteDifference,
  bytesOf,
  difference,
  hexOf,
  isObject,
  type Json,
  type JsonObject,
  objectAt,
  show,
} from './wire-case.ts'

type Body = Readonly<Record<string, unknown>>
type FieldType = FieldSchema[1]
type Schema = MessageSchema<unknown>

const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** `{api, version, type, style, json, hex}`; style `unknown-tags` is not encoded. */
export function checkMessage(vector: JsonObject): string | null {
  const schema = schemaOf(vector)
  const version = Number(vector['version'])
  if (!hasVersion(schema.versions, version)) return `version ${version} of ${schema.name} is not known`
  const wanted = objectAt(vector, 'json')
  const decoded = decodeMessage(schema, version, bytesOf(vector['hex'])) as Body
  const found = difference(wanted, toJson(schema.fields, version, decoded, wanted))
  if (found !== null) return `decoded ${found}`
  if (vector['style'] === 'unknown-tags') return null
  return byteDifference(vector['hex'], encodeMessage(schema, version, fromJson(schema.fields, wanted)))
}

/** A line of messages/index.json: key, versions and header versions of an API. */
export function checkApiVersions(line: JsonObject): string | null {
  const api = apis.find((known) => known.name === line['api'])
  if (api === undefined) return `API ${show(line['api'])} is not known`
  const never = api.flexibleFrom === Infinity
  const versions = Array.from({ length: api.maxVersion - api.minVersion + 1 }, (_, i) => api.minVersion + i)
  const ours: JsonObject = {
    api: api.name,
    key: apiByKey(api.key) === api ? api.key : -1,
    min: api.minVersion,
    max: api.maxVersion,
    flexibleFrom: never ? -1 : api.flexibleFrom,
    requestHeaderVersions: versions.map((version) => (isFlexible(api, version) ? 2 : 1)),
    responseHeaderVersions: versions.map((version) => (hasResponseTags(api, version) ? 1 : 0)),
  }
  const wanted = Object.fromEntries(Object.keys(ours).map((key) => [key, line[key] ?? null]))
  return difference(wanted, ours)
}

function schemaOf(vector: JsonObject): Schema {
  const name = vector['api']
  if (name === 'RequestHeader') return requestHeaderSchema
  if (name === 'ResponseHeader') return responseHeaderSchema
  const api = apis.find((known) => known.name === name)
  if (api === undefined) throw new TypeError(`API ${show(name)} is not known`)
  return vector['type'] === 'request' ? api.request : api.response
}

/** The vector's form of a body: the version's fields; a tagged field with its default only where the vector has it. */
function toJson(fields: readonly FieldSchema[], version: number, body: Body, wanted: Json | undefined): JsonObject {
  const json: Record<string, Json> = {}
  for (const field of fields) {
    const [name, type, versions, options] = field
    if (!hasVersion(versions, version)) continue
    const want = isObject(wanted) ? wanted[name] : undefined
    const tagged = options?.tagged !== undefined && hasVersion(options.tagged, version)
    if (tagged && want === undefined && isDefault(field, body[name])) continue
    json[name] = valueToJson(type, version, body[name], want)
  }
  return json
}

function valueToJson(type: FieldType, version: number, value: unknown, wanted: Json | undefined): Json {
  if (value === null) return null
  if (typeof type === 'object') {
    if ('struct' in type) return toJson(type.struct, version, value as Body, wanted)
    const wants = Array.isArray(wanted) ? (wanted as readonly Json[]) : []
    return (value as readonly Body[]).map((element, i) => toJson(type.arrayOf, version, element, wants[i]))
  }
  if (Array.isArray(value)) return value.map((element) => valueToJson(elementOf(type), version, element, undefined))
  if (typeof value === 'bigint') return String(value)
  return value instanceof Uint8Array ? hexOf(value) : (value as Json)
}

function fromJson(fields: readonly FieldSchema[], json: Json): Body {
  if (!isObject(json)) throw new TypeError('a struct wanted')
  for (const key of Object.keys(json)) {
    if (!fields.some(([name]) => name === key)) throw new TypeError(`the schema has no field ${key}`)
  }
  const given = fields.filter(([name]) => json[name] !== undefined)
  return Object.fromEntries(given.map(([name, type]) => [name, valueFromJson(type, json[name]!)]))
}

function valueFromJson(type: FieldType, json: Json): unknown {
  if (json === null) return null
  if (typeof type === 'object') {
    if ('struct' in type) return fromJson(type.struct, json)
    return (json as readonly Json[]).map((element) => fromJson(type.arrayOf, element))
  }
  if (type.startsWith('[]')) return (json as readonly Json[]).map((element) => valueFromJson(elementOf(type), element))
  if (type === 'int64') return BigInt(json as string)
  return type === 'bytes' || type === 'records' ? bytesOf(json) : json
}

function elementOf(type: string): FieldType {
  return type.slice(2) as FieldType
}

function isDefault(field: FieldSchema, value: unknown): boolean {
  const [, type, , options] = field
  if (options?.default !== undefined) return value === options.default
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0
  if (typeof type === 'object' && 'struct' in type) {
    return value !== null && type.struct.every((inner) => isDefault(inner, (value as Body)[inner[0]]))
  }
  return value === 0 || value === 0n || value === '' || value === false || value === zeroUuid
}
