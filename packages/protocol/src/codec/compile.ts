/**
 * Turns a message schema and a version into closures that write and read it.
 *
 * Done once per schema and version and kept, so that encoding does no schema work. The rules are those of Kafka's own
 * message generator: a field the version does not have must hold its default unless it is ignorable; a tagged field is
 * written only when it differs from its default; a null where the version allows none is refused; unknown tagged fields
 * are stepped over. A decoded body has every field of the schema: those the version lacks hold their defaults.
 */
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { type Codec, scalarCodec } from './scalar.ts'
import { type FieldSchema, hasVersion, type MessageSchema } from './schema.ts'

type Body = Record<string, unknown>

/** A field as one version sees it. */
interface CompiledField {
  readonly name: string
  readonly codec: Codec
  readonly present: boolean
  /** Number of the tag, −1 for a field at its place. */
  readonly tag: number
  readonly ignorable: boolean
}

const cache = new WeakMap<MessageSchema<unknown>, Map<number, Codec>>()

/** Codec of a message in one version; the same object at every call. The version is not checked. */
export function compileMessage(schema: MessageSchema<unknown>, version: number): Codec {
  let versions = cache.get(schema)
  if (versions === undefined) cache.set(schema, (versions = new Map()))
  let codec = versions.get(version)
  if (codec === undefined) {
    const flexible = hasVersion(schema.flexible, version)
    versions.set(version, (codec = structCodec(schema.fields, version, flexible)))
  }
  return codec
}

function structCodec(schema: readonly FieldSchema[], version: number, flexible: boolean): Codec {
  const fields = schema.map((field) => compileField(field, version, flexible))
  const placed = fields.filter((field) => field.present && field.tag < 0)
  const tagged = fields.filter((field) => field.present && field.tag >= 0).toSorted((a, b) => a.tag - b.tag)
  const strict = fields.filter((field) => !field.present && !field.ignorable)
  return {
    write: (writer, value) => {
      const body = value as Body
      for (let i = 0; i < strict.length; i++) refuseUnlessDefault(strict[i]!, body, writer)
      for (let i = 0; i < placed.length; i++) {
        const field = placed[i]!
        const given = body[field.name]
        writer.field = field.name
        field.codec.write(writer, given === undefined ? field.codec.initial() : given)
      }
      if (flexible) writeTags(writer, tagged, body)
    },
    read: (reader) => {
      const body: Body = {}
      for (let i = 0; i < fields.length; i++) {
        const field = fields[i]!
        body[field.name] = field.present && field.tag < 0 ? field.codec.read(reader) : field.codec.initial()
      }
      if (flexible) readTags(reader, tagged, body)
      return body
    },
    initial: () => {
      const body: Body = {}
      for (const field of fields) body[field.name] = field.codec.initial()
      return body
    },
    isInitial: (value) => {
      const body = value as Body
      return fields.every((field) => body[field.name] === undefined || field.codec.isInitial(body[field.name]))
    },
  }
}

function compileField(field: FieldSchema, version: number, messageFlexible: boolean): CompiledField {
  const [name, type, versions, options = {}] = field
  const flexible = options.flexible === undefined ? messageFlexible : hasVersion(options.flexible, version)
  const nullable = options.nullable !== undefined && hasVersion(options.nullable, version)
  const tagged = options.tagged !== undefined && hasVersion(options.tagged, version)
  let codec: Codec
  if (typeof type === 'string') {
    codec = type.startsWith('[]')
      ? arrayCodec(scalarCodec(type.slice(2), flexible, false, undefined), flexible, nullable, options.default === null)
      : scalarCodec(type, flexible, nullable, options.default)
  } else if ('arrayOf' in type) {
    const element = structCodec(type.arrayOf, version, flexible)
    codec = arrayCodec(element, flexible, nullable, options.default === null)
  } else {
    const plain = structCodec(type.struct, version, flexible)
    codec = nullable || options.default === null ? nullableStruct(plain, nullable, options.default === null) : plain
  }
  const present = hasVersion(versions, version)
  return { name, codec, present, tag: tagged ? (options.tag ?? -1) : -1, ignorable: options.ignorable === true }
}

function arrayCodec(element: Codec, flexible: boolean, nullable: boolean, nullInitial: boolean): Codec {
  return {
    write: (writer, value) => {
      if (value === null) {
        if (!nullable) throw new TypeError('null is not allowed here')
        if (flexible) writer.int8(0)
        else writer.int32(-1)
        return
      }
      const list = value as readonly unknown[]
      if (flexible) writer.uvarint(list.length + 1)
      else writer.int32(list.length)
      for (let i = 0; i < list.length; i++) element.write(writer, list[i])
    },
    read: (reader) => {
      const count = flexible ? reader.uvarint() - 1 : reader.int32()
      if (count < 0) {
        if (!nullable) throw new RangeError('null array where none is allowed')
        return null
      }
      if (count > reader.remaining) throw new RangeError(`array of ${count} in ${reader.remaining} bytes`)
      const list: unknown[] = []
      for (let i = 0; i < count; i++) list.push(element.read(reader))
      return list
    },
    initial: () => (nullInitial ? null : []),
    isInitial: (value) => (nullInitial ? value === null : value !== null && (value as readonly unknown[]).length === 0),
  }
}

/** A struct that may be null: one byte −1 or 1 in front, in versions where it is nullable. */
function nullableStruct(plain: Codec, nullable: boolean, nullInitial: boolean): Codec {
  return {
    write: (writer, value) => {
      if (!nullable) return plain.write(writer, value)
      writer.int8(value === null ? -1 : 1)
      if (value !== null) plain.write(writer, value)
    },
    read: (reader) => (!nullable || reader.int8() >= 0 ? plain.read(reader) : null),
    initial: () => (nullInitial ? null : plain.initial()),
    isInitial: (value) => (nullInitial ? value === null : value !== null && plain.isInitial(value)),
  }
}

function refuseUnlessDefault(field: CompiledField, body: Body, writer: ByteWriter): void {
  const value = body[field.name]
  if (value === undefined || field.codec.isInitial(value)) return
  writer.field = field.name
  throw new TypeError('this version has no such field and it may not be left out')
}

function writeTags(writer: ByteWriter, tagged: readonly CompiledField[], body: Body): void {
  let count = 0
  for (let i = 0; i < tagged.length; i++) {
    const value = body[tagged[i]!.name]
    if (value !== undefined && !tagged[i]!.codec.isInitial(value)) count++
  }
  writer.uvarint(count)
  if (count === 0) return
  for (const { name, codec, tag } of tagged) {
    const value = body[name]
    if (value === undefined || codec.isInitial(value)) continue
    writer.uvarint(tag)
    const start = writer.position
    writer.int8(0)
    writer.field = name
    codec.write(writer, value)
    writer.prefixSize(start, 0)
  }
}

function readTags(reader: ByteReader, tagged: readonly CompiledField[], body: Body): void {
  const count = reader.uvarint()
  for (let i = 0; i < count; i++) {
    const tag = reader.uvarint()
    const size = reader.uvarint()
    const start = reader.skip(size)
    const field = tagged.find((known) => known.tag === tag)
    if (field === undefined) continue
    reader.position = start
    body[field.name] = field.codec.read(reader)
    reader.position = start + size
  }
}
