/**
 * Keys of window and session stores and of their changelogs, as Kafka lays them out.
 *
 * ```
 * window:               key │ start int64 │ seqnum int32        session:               key │ end int64 │ start int64
 * time first (0):   0 │ start │ key │ seqnum                    time first (0):    0 │ end │ start │ key
 * key first (1):    1 │ window                                  key first (1):     1 │ session
 * ```
 * Times are ms since the epoch, ≥ 0, so that byte order is time order. `seqnum` is 0 unless duplicates are kept.
 */
import { readLong, writeLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'
import { readInt32, writeInt32 } from './int-bytes.ts'

/** Bytes behind the key of a window, and of a session. */
export const windowSuffixBytes = 12
export const sessionSuffixBytes = 16

/** A window store's key taken apart; `key` is a view. */
export interface WindowKey {
  readonly key: Uint8Array
  readonly startMs: number
  readonly seqnum: number
}

/** A session store's key taken apart; `key` is a view. */
export interface SessionKey {
  readonly key: Uint8Array
  readonly startMs: number
  readonly endMs: number
}

export function encodeWindowKey(key: Uint8Array, startMs: number, seqnum: number): Uint8Array {
  return writeWindowKey(new Uint8Array(key.length + windowSuffixBytes), 0, { key, startMs, seqnum })
}

/** @throws {MR_SERDE_FORMAT} too short */
export function decodeWindowKey(bytes: Uint8Array): WindowKey {
  return readWindowKey(bytes, 0)
}

export function encodeSessionKey(key: Uint8Array, startMs: number, endMs: number): Uint8Array {
  return writeSessionKey(new Uint8Array(key.length + sessionSuffixBytes), 0, { key, startMs, endMs })
}

/** @throws {MR_SERDE_FORMAT} too short */
export function decodeSessionKey(bytes: Uint8Array): SessionKey {
  return readSessionKey(bytes, 0)
}

export function encodeKeyFirstWindowKey(key: Uint8Array, startMs: number, seqnum: number): Uint8Array {
  const bytes = new Uint8Array(1 + key.length + windowSuffixBytes)
  bytes[0] = 1
  return writeWindowKey(bytes, 1, { key, startMs, seqnum })
}

export function encodeTimeFirstWindowKey(key: Uint8Array, startMs: number, seqnum: number): Uint8Array {
  const bytes = new Uint8Array(1 + key.length + windowSuffixBytes)
  writeLong(bytes, 1, startMs)
  bytes.set(key, 9)
  writeInt32(bytes, 9 + key.length, seqnum)
  return bytes
}

/** A window key of either order. @throws {MR_SERDE_FORMAT} too short, or an unknown first byte */
export function decodePrefixedWindowKey(bytes: Uint8Array): WindowKey {
  const prefix = prefixOf(bytes, 1 + windowSuffixBytes)
  if (prefix === 1) return readWindowKey(bytes, 1)
  const end = bytes.length - 4
  return { key: bytes.subarray(9, end), startMs: readLong(bytes, 1), seqnum: readInt32(bytes, end) }
}

export function encodeKeyFirstSessionKey(key: Uint8Array, startMs: number, endMs: number): Uint8Array {
  const bytes = new Uint8Array(1 + key.length + sessionSuffixBytes)
  bytes[0] = 1
  return writeSessionKey(bytes, 1, { key, startMs, endMs })
}

export function encodeTimeFirstSessionKey(key: Uint8Array, startMs: number, endMs: number): Uint8Array {
  const bytes = new Uint8Array(1 + key.length + sessionSuffixBytes)
  writeLong(bytes, 1, endMs)
  writeLong(bytes, 9, startMs)
  bytes.set(key, 17)
  return bytes
}

/** A session key of either order. @throws {MR_SERDE_FORMAT} too short, or an unknown first byte */
export function decodePrefixedSessionKey(bytes: Uint8Array): SessionKey {
  const prefix = prefixOf(bytes, 1 + sessionSuffixBytes)
  if (prefix === 1) return readSessionKey(bytes, 1)
  return { key: bytes.subarray(17), startMs: readLong(bytes, 9), endMs: readLong(bytes, 1) }
}

function writeWindowKey(bytes: Uint8Array, at: number, { key, startMs, seqnum }: WindowKey): Uint8Array {
  bytes.set(key, at)
  writeLong(bytes, at + key.length, startMs)
  writeInt32(bytes, at + key.length + 8, seqnum)
  return bytes
}

function writeSessionKey(bytes: Uint8Array, at: number, { key, startMs, endMs }: SessionKey): Uint8Array {
  bytes.set(key, at)
  writeLong(bytes, at + key.length, endMs)
  writeLong(bytes, at + key.length + 8, startMs)
  return bytes
}

function readWindowKey(bytes: Uint8Array, at: number): WindowKey {
  const end = bytes.length - windowSuffixBytes
  if (end < at) throw wrongFormat('windowKey', `at least ${at + windowSuffixBytes} bytes wanted, got ${bytes.length}`)
  return { key: bytes.subarray(at, end), startMs: readLong(bytes, end), seqnum: readInt32(bytes, end + 8) }
}

function readSessionKey(bytes: Uint8Array, at: number): SessionKey {
  const end = bytes.length - sessionSuffixBytes
  if (end < at) throw wrongFormat('sessionKey', `at least ${at + sessionSuffixBytes} bytes wanted, got ${bytes.length}`)
  return { key: bytes.subarray(at, end), startMs: readLong(bytes, end + 8), endMs: readLong(bytes, end) }
}

function prefixOf(bytes: Uint8Array, bytesMin: number): number {
  const prefix = bytes[0]
  if (bytes.length < bytesMin) throw wrongFormat('windowKey', `at least ${bytesMin} bytes wanted, got ${bytes.length}`)
  if (prefix !== 0 && prefix !== 1) throw wrongFormat('windowKey', `unknown order ${prefix}`)
  return prefix
}
