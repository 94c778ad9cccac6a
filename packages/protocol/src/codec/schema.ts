/**
 * The form of Kafka's message definitions in this package: plain data, read once per version by `compile.ts`.
 *
 * Field names are Kafka's with a small first letter. Version ranges are Kafka's texts: `4-18`, `12+`, `3`, `none`.
 */

/** Types without parts. `uuid` is base64url text in memory, `int64` a bigint, `bytes` and `records` a Uint8Array. */
export type ScalarType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'string'
  | 'bytes'
  | 'records'
  | 'uuid'

/** Type of a field: scalar, array of scalars, struct, array of structs. */
export type FieldType =
  | ScalarType
  | `[]${ScalarType}`
  | { readonly struct: readonly FieldSchema[] }
  | { readonly arrayOf: readonly FieldSchema[] }

/** What is not the rule about a field. `default` is left out when it is the zero of the type. */
export interface FieldOptions {
  readonly nullable?: string
  readonly tag?: number
  readonly tagged?: string
  readonly default?: string | number | bigint | boolean | null
  /** A value may be given although the version has no such field; it is then left out. */
  readonly ignorable?: boolean
  /** Overrides the message's flexible versions for this field (only the client id of the request header). */
  readonly flexible?: string
}

/** Name, type, versions, and what is special. */
export type FieldSchema = readonly [name: string, type: FieldType, versions: string, options?: FieldOptions]

/** Layout of one message in all its versions; `T` is the body's type in memory. */
export interface MessageSchema<T> {
  readonly name: string
  readonly versions: string
  readonly flexible: string
  readonly fields: readonly FieldSchema[]
  /** Never set: carries `T` for the compiler. */
  readonly body?: T
}

/** A body as a caller writes it: any field may be missing and then has its schema's default. */
export type MessageInput<T> = T extends string | number | bigint | boolean | null | undefined | Uint8Array
  ? T
  : T extends readonly (infer E)[]
    ? readonly MessageInput<E>[]
    : { readonly [K in keyof T]?: MessageInput<T[K]> | undefined }

/** Lowest and highest version of a range, null for `none`. */
export function parseVersions(text: string): readonly [from: number, to: number] | null {
  if (text === 'none') return null
  if (text.endsWith('+')) return [Number(text.slice(0, -1)), Infinity]
  const [from, to] = text.split('-')
  return [Number(from), Number(to ?? from)]
}

/** True when the range of versions holds this one. */
export function hasVersion(text: string, version: number): boolean {
  const range = parseVersions(text)
  return range !== null && version >= range[0] && version <= range[1]
}
