/**
 * JSON as UTF-8. As a key it is canonical: the names of each object are sorted, so that equal keys are equal bytes, which
 * is what partitions, groups and joins compare.
 */
import { wrongFormat, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/**
 * JSON of any value that survives `JSON.stringify`. The type is the caller's word and is not checked; give a validator of
 * the Standard Schema kind, or `jsonSchema(…)`, in place of it to check each record.
 *
 * @example
 * const orders = topic('orders', { key: string(), value: json<{ id: string; total: number }>() })
 */
export function json<T = unknown>(): Serde<T> {
  return valueSerde as Serde<T>
}

/** Text of a value with the names of all objects in order of UTF-16 code unit; undefined like JSON.stringify. */
export function canonicalJson(value: unknown): string | undefined {
  return JSON.stringify(value, sortedNames)
}

/** Encodes a value as JSON; for serdes that check it beforehand. */
export function encodeJson(serde: string, value: unknown, canonical: boolean): Uint8Array {
  let text: string | undefined
  // JSON has `{}` for it: the result of an asynchronous function.
  if (value instanceof Promise) throw wrongType(serde, 'a JSON value', value)
  try {
    text = canonical ? canonicalJson(value) : JSON.stringify(value)
  } catch (cause) {
    throw wrongFormat(serde, 'the value cannot be written as JSON', cause)
  }
  if (text === undefined) throw wrongType(serde, 'a JSON value', value)
  return encodeUtf8(text)
}

/** Decodes JSON; for serdes that check it afterwards. */
export function decodeJson(serde: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes))
  } catch (cause) {
    throw wrongFormat(serde, `the bytes are not JSON (${(cause as Error).message})`, cause)
  }
}

const keySerde: Serde<unknown> = {
  name: 'json',
  forKeys: () => keySerde,
  serialize: (value) => encodeJson('json', value, true),
  deserialize: (bytes) => decodeJson('json', bytes),
}

const valueSerde: Serde<unknown> = {
  name: 'json',
  forKeys: () => keySerde,
  serialize: (value) => encodeJson('json', value, false),
  deserialize: (bytes) => decodeJson('json', bytes),
}

function sortedNames(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const sorted: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(value).toSorted()) sorted[name] = (value as Record<string, unknown>)[name]
  return sorted
}
