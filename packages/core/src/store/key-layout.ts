/**
 * Keys of engine rows (ours) and of changelog records (Kafka's).
 *
 * Engine keys begin with `store 2 ‖ kind 1`. A user key that is followed by something is escaped (`00` → `00 FF`, end
 * `00 00`), so that keys of different lengths sort as they should; a segment number before it makes expiry one range.
 *
 * | store | engine key after the prefix | changelog key |
 * |---|---|---|
 * | key-value | `key` | `key` |
 * | window | `segment 4 ‖ key escaped ‖ start 8 ‖ seq 4` | `key ‖ start 8 ‖ seq 4` |
 * | session | `segment of end 4 ‖ key escaped ‖ end 8 ‖ start 8` | `key ‖ end 8 ‖ start 8` |
 *
 * Times in engine keys have their sign bit flipped, so that negative ones come first.
 */
import { writeInt32 } from '../serde/envelope/int-bytes.ts'
import { writeInt64 } from './int64.ts'

/** Kinds of engine rows within a store. */
export const rowKind = 0
export const historyKind = 1
export const metaKind = 255

/** `store 2 ‖ kind 1`. */
export function rowPrefix(enginePrefix: Uint8Array, kind: number): Uint8Array {
  return Uint8Array.of(enginePrefix[0] as number, enginePrefix[1] as number, kind)
}

/** Engine key of a row that is ordered by segment, key and two numbers of 8 and 4 or 8 bytes. */
export function segmentedKey(prefix: Uint8Array, segment: number, key: string, tail: Uint8Array): Uint8Array {
  let zeros = 0
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) === 0) zeros++
  const bytes = new Uint8Array(prefix.length + 4 + key.length + zeros + 2 + tail.length)
  bytes.set(prefix)
  let at = prefix.length
  writeInt32(bytes, at, segment)
  bytes[at] = (bytes[at] as number) ^ 0x80
  at += 4
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    bytes[at++] = code
    if (code === 0) bytes[at++] = 0xff
  }
  at += 2
  bytes.set(tail, at)
  return bytes
}

/** The user key of a segmented engine key, and where what follows it begins. */
export function readSegmentedKey(bytes: Uint8Array, prefixLength: number): { readonly key: string; readonly end: number } {
  let key = ''
  let at = prefixLength + 4
  for (;;) {
    const byte = bytes[at++] as number
    if (byte === 0 && bytes[at++] === 0) return { key, end: at }
    key += String.fromCharCode(byte)
  }
}

/** Changelog key of a window: `key ‖ start 8 ‖ seq 4`. */
export function windowChangelogKey(key: string, startMs: number, sequence: number): Uint8Array {
  const length = key.length
  const bytes = new Uint8Array(length + 12)
  for (let i = 0; i < length; i++) bytes[i] = key.charCodeAt(i)
  writeInt64(bytes, length, startMs)
  writeInt32(bytes, length + 8, sequence)
  return bytes
}

/** Changelog key of a session: `key ‖ end 8 ‖ start 8`. */
export function sessionChangelogKey(key: string, startMs: number, endMs: number): Uint8Array {
  const length = key.length
  const bytes = new Uint8Array(length + 16)
  for (let i = 0; i < length; i++) bytes[i] = key.charCodeAt(i)
  writeInt64(bytes, length, endMs)
  writeInt64(bytes, length + 8, startMs)
  return bytes
}

/** `time 8, sign flipped ‖ sequence 4`, what follows the user key of a window's engine row. */
export function windowTail(startMs: number, sequence: number): Uint8Array {
  const bytes = new Uint8Array(12)
  writeInt64(bytes, 0, startMs)
  bytes[0] = (bytes[0] as number) ^ 0x80
  writeInt32(bytes, 8, sequence)
  return bytes
}

/** `end 8 ‖ start 8`, both with the sign flipped. */
export function sessionTail(startMs: number, endMs: number): Uint8Array {
  const bytes = new Uint8Array(16)
  writeInt64(bytes, 0, endMs)
  writeInt64(bytes, 8, startMs)
  bytes[0] = (bytes[0] as number) ^ 0x80
  bytes[8] = (bytes[8] as number) ^ 0x80
  return bytes
}
