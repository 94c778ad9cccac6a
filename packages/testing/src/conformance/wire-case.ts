/**
 * What all wire vectors have in common: JSON values, hex, and the first difference between what is wanted and what is.
 *
 * The vectors' form is told in test/conformance/wire/FORMAT.md.
 */

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Runs one vector: null when it agrees, else the first difference. A throw is a difference too. */
export type WireCheck = (vector: JsonObject) => string | null

export function hexOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

/** Bytes of hex text, in memory of their own. @throws {TypeError} no hex text */
export function bytesOf(hex: Json | undefined): Uint8Array {
  if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(hex))
    throw new TypeError(`hex text wanted, got ${show(hex)}`)
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** As `bytesOf`, or null for null. */
export function nullableBytesOf(hex: Json | undefined): Uint8Array | null {
  return hex === null ? null : bytesOf(hex)
}

/** First place where two values differ, or null. Absent and undefined members are the same. */
export function difference(wanted: Json | undefined, got: Json | undefined, path = ''): string | null {
  if (Object.is(wanted, got)) return null
  const where = path === '' ? 'the value' : path
  if (Array.isArray(wanted) && Array.isArray(got)) {
    for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
      const found = difference(wanted[i], got[i], `${path}[${i}]`)
      if (found !== null) return found
    }
    return null
  }
  if (isObject(wanted) && isObject(got)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)])) {
      const found = difference(wanted[key], got[key], path === '' ? key : `${path}.${key}`)
      if (found !== null) return found
    }
    return null
  }
  return `${where}: wanted ${show(wanted)}, got ${show(got)}`
}

/** First byte where encoded bytes differ from the vector's hex, or null. */
export function byteDifference(wanted: Json | undefined, got: Uint8Array): string | null {
  const expected = bytesOf(wanted)
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    if (expected[i] === got[i]) continue
    const [from, to] = [Math.max(0, i - 4), i + 8]
    const around = `…${hexOf(expected.subarray(from, to))}… and …${hexOf(got.subarray(from, to))}…`
    return `encoded byte ${i} of ${expected.length}: wanted ${show(expected[i])}, got ${show(got[i])} (${around})`
  }
  return null
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that must be an object. @throws {TypeError} it is none */
export function objectAt(value: JsonObject, key: string): JsonObject {
  const member = value[key]
  if (!isObject(member)) throw new TypeError(`${key} is not an object`)
  return member
}

/** A member that must be a list. @throws {TypeError} it is none */
export function listAt(value: JsonObject, key: string): readonly Json[] {
  const member = value[key]
  if (!Array.isArray(member)) throw new TypeError(`${key} is not a list`)
  return member as readonly Json[]
}

/** A member that must be text. @throws {TypeError} it is none */
export function textAt(value: JsonObject, key: string): string {
  const member = value[key]
  if (typeof member !== 'string') throw new TypeError(`${key} is not text`)
  return member
}

/** Short text of a value for a report. */
export function show(value: unknown): string {
  const text = typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : JSON.stringify(value)
  return text === undefined ? 'nothing' : text.length > 120 ? `${text.slice(0, 117)}…` : text
}
