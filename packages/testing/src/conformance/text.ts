/** `text(v)` of FORMAT.md: one text form for every value of the function library, equal to the JVM's. */
import type { Headers, Windowed } from '@millrace/core'
import { decodeUtf8 } from '@millrace/core/internal'

/** Java's Long.MAX_VALUE; times beyond what a number holds exactly mean it (the end of an unlimited window). */
const longMax = '9223372036854775807'

export function text(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return longText(value)
  if (value instanceof Uint8Array) return hex(value)
  if (isWindowed(value)) {
    return `[${text(value.key)}@${longText(value.window.startMs)}/${longText(value.window.endMs)}]`
  }
  if (isStored(value)) {
    const plain = `${text(value.value)}@${longText(value.timestampMs)}`
    return value.headers === undefined ? plain : `${plain}${headersText(value.headers)}`
  }
  throw new TypeError('the function library has no text form for this value')
}

export function longText(value: number): string {
  return value > Number.MAX_SAFE_INTEGER ? longMax : String(value)
}

/** As a number in JSON: times beyond exact numbers are Java's greatest long, rounded as JSON.parse rounds it. */
export function longJson(value: number): number {
  return value > Number.MAX_SAFE_INTEGER ? Number(longMax) : value
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

export function fromHex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

export function isWindowed(value: unknown): value is Windowed<unknown> {
  return typeof value === 'object' && value !== null && 'window' in value
}

/** What stores with a timestamp hold. */
export interface Stored {
  readonly value: unknown
  readonly timestampMs: number
  readonly headers?: Headers
}

export function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'timestampMs' in value && 'value' in value
}

function headersText(headers: Headers): string {
  const each = headers.map(({ key, value }) => `${key}=${value === null ? 'null' : decodeUtf8(value)}`)
  return `{${each.join(',')}}`
}
