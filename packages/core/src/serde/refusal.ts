/** The errors of the built-in serdes, in one shape. A record handler decides what becomes of the record. */
import { RecordError } from '../errors.ts'

/** Name of what was given in place of the expected type; never the value itself, which may be private. */
export function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'object') {
    const name = value.constructor?.name
    return name === undefined || name === 'Object' ? 'an object' : `a ${name}`
  }
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`
}

export function wrongType(serde: string, expected: string, value: unknown): RecordError<'MR_SERDE_TYPE'> {
  return new RecordError('MR_SERDE_TYPE', { serde, expected, actual: typeName(value) })
}

export function wrongLength(serde: string, expected: number, bytes: Uint8Array): RecordError<'MR_SERDE_LENGTH'> {
  return new RecordError('MR_SERDE_LENGTH', { serde, expected, actual: bytes.length })
}

export function outOfRange(serde: string, value: unknown, accepted: string): RecordError<'MR_SERDE_RANGE'> {
  return new RecordError('MR_SERDE_RANGE', { serde, value: String(value), accepted })
}

export function wrongFormat(serde: string, reason: string, cause?: unknown): RecordError<'MR_SERDE_FORMAT'> {
  return new RecordError('MR_SERDE_FORMAT', { serde, reason }, cause === undefined ? undefined : { cause })
}
