/**
 * Bytes of topics as expectations write them. This reads bytes by itself, without the project's serdes: what is written
 * in a vector is checked against what lies in the topic.
 */
import type { Headers } from '@millrace/core'
import { hex } from './text.ts'
import type { Header, OutputRecord, Value } from './vector.ts'

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

export interface ProducedRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
  readonly headers: Headers
}

/** @param serdes null for internal topics: text if printable, else hex */
export function outputRecord(
  record: ProducedRecord,
  step: number,
  serdes: readonly [key: string, value: string] | null,
): OutputRecord {
  const headers = headersJson(record.headers)
  const written = {
    step,
    ...part('key', record.key, serdes === null ? null : serdes[0]),
    ...part('value', record.value, serdes === null ? null : serdes[1]),
    ts: record.timestampMs,
    ...(headers.length > 0 ? { headers } : {}),
  }
  return written as unknown as OutputRecord
}

export function headersJson(headers: Headers): Header[] {
  return headers.map(({ key, value }) => {
    if (value === null) return [key, null]
    if (key === '__streams.errors.stacktrace') return [key, '<stacktrace>']
    return [key, isPrintable(value) ? utf8.decode(value) : `0x${hex(value)}`]
  })
}

function part(field: 'key' | 'value', bytes: Uint8Array | null, serde: string | null): object {
  if (bytes === null) return { [field]: null }
  const withHex = { [`${field}Hex`]: hex(bytes) }
  if (serde === null) return isPrintable(bytes) ? { [field]: utf8.decode(bytes) } : withHex
  const decoded = decode(serde, bytes)
  if (decoded === undefined) return withHex
  const plain = serde === 'string' && Buffer.from(decoded as string, 'utf8').equals(bytes)
  return plain ? { [field]: decoded } : { [field]: decoded, ...withHex }
}

/** The value of bytes; undefined when they do not fit the serde. */
function decode(serde: string, bytes: Uint8Array): Value | undefined {
  const [kind = '', inner = 'string', size = '0'] = serde.split(':')
  switch (kind) {
    case 'string':
    case 'picky':
      return utf8.decode(bytes)
    case 'long':
      return bytes.length === 8 ? longAt(bytes, 0) : undefined
    case 'int':
      return bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset).getInt32(0) : undefined
    case 'bytes':
      return hex(bytes)
    case 'time-windowed': {
      if (bytes.length < 8) return undefined
      const start = longAt(bytes, bytes.length - 8)
      return windowed(decode(inner, bytes.subarray(0, -8)), start, start + Number(size))
    }
    case 'session-windowed': {
      if (bytes.length < 16) return undefined
      const key = decode(inner, bytes.subarray(0, -16))
      return windowed(key, longAt(bytes, bytes.length - 8), longAt(bytes, bytes.length - 16))
    }
    default:
      return undefined
  }
}

function windowed(key: Value | undefined, start: number, end: number): Value | undefined {
  if (key === undefined || key === null || typeof key === 'object') return undefined
  return { key, start, end }
}

function longAt(bytes: Uint8Array, at: number): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at))
}

function isPrintable(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte <= 0x7e)
}
