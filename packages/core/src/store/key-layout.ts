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
import { readInt32, writeInt32 } from '../serde/envelope/int-bytes.ts'
import { decodeSessionKey, decodeWindowKey } from '../serde/envelope/window-key.ts'
import { slabPiece } from '../serde/slab.ts'
import { writeInt64 } from './int64.ts'

/** Kinds of engine rows within a store. */
export const rowKind = 0
export const historyKind = 1
export const metaKind = 255

/** `store 2 ‖ kind 1`. */
export function rowPrefix(enginePrefix: Uint8Array, kind: number): Uint8Array {
  return Uint8Array.of(enginePrefix[0] as number, enginePrefix[1] as number, kind)
}

/** Engine key `prefix ‖ segment 4 ‖ key escaped ‖ tail`, the last `tailBytes` of it still to be written. */
export function segmentedKey(prefix: Uint8Array, segment: number, key: string, tailBytes: number): Uint8Array {
  let zeros = 0
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) === 0) zeros++
  const bytes = slabPiece(prefix.length + 4 + key.length + zeros + 2 + tailBytes)
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
  while (at < bytes.length) bytes[at++] = 0
  return bytes
}

/** The user key of a segmented engine key, and where what follows it begins. */
export function readSegmentedKey(
  bytes: Uint8Array,
  prefixLength: number,
): { readonly key: string; readonly end: number } {
  let key = ''
  let at = prefixLength + 4
  for (;;) {
    const byte = bytes[at++] as number
    if (byte === 0 && bytes[at++] === 0) return { key, end: at }
    key += String.fromCharCode(byte)
  }
}

/** How rows with a time are laid out: `primary` is what they expire by, `secondary` tells rows of one key and time apart. */
export interface TimedLayout {
  /** The store numbers its puts: window stores that retain duplicates. */
  readonly countsSequence: boolean
  /** Kafka's changelog key. */
  changelogKey(key: string, primary: number, secondary: number): Uint8Array
  readChangelogKey(bytes: Uint8Array): {
    readonly key: Uint8Array
    readonly primary: number
    readonly secondary: number
  }
  /** What follows the user key in the engine key: its length, and writing it at an offset. */
  readonly tailBytes: number
  writeTail(bytes: Uint8Array, at: number, primary: number, secondary: number): void
  readTail(bytes: Uint8Array, at: number): { readonly primary: number; readonly secondary: number }
}

/** Windows: primary = start, secondary = sequence. Changelog `key ‖ start 8 ‖ seq 4`. */
export function windowLayout(retainDuplicates: boolean): TimedLayout {
  return retainDuplicates ? duplicatesLayout : plainWindowLayout
}

const plainWindowLayout: TimedLayout = {
  countsSequence: false,
  changelogKey(key, startMs, sequence) {
    const length = key.length
    const bytes = withRoom(key, 12)
    writeInt64(bytes, length, startMs)
    writeInt32(bytes, length + 8, sequence)
    return bytes
  },
  readChangelogKey(bytes) {
    const { key, startMs, seqnum } = decodeWindowKey(bytes)
    return { key, primary: startMs, secondary: seqnum }
  },
  tailBytes: 12,
  writeTail(bytes, at, startMs, sequence) {
    writeSortable(bytes, at, startMs)
    writeInt32(bytes, at + 8, sequence)
  },
  readTail: (bytes, at) => ({ primary: readSortable(bytes, at), secondary: readInt32(bytes, at + 8) }),
}

const duplicatesLayout: TimedLayout = { ...plainWindowLayout, countsSequence: true }

/** Sessions: primary = end, secondary = start. Changelog `key ‖ end 8 ‖ start 8`. */
export const sessionLayout: TimedLayout = {
  countsSequence: false,
  changelogKey(key, endMs, startMs) {
    const length = key.length
    const bytes = withRoom(key, 16)
    writeInt64(bytes, length, endMs)
    writeInt64(bytes, length + 8, startMs)
    return bytes
  },
  readChangelogKey(bytes) {
    const { key, startMs, endMs } = decodeSessionKey(bytes)
    return { key, primary: endMs, secondary: startMs }
  },
  tailBytes: 16,
  writeTail(bytes, at, endMs, startMs) {
    writeSortable(bytes, at, endMs)
    writeSortable(bytes, at + 8, startMs)
  },
  readTail: (bytes, at) => ({ primary: readSortable(bytes, at), secondary: readSortable(bytes, at + 8) }),
}

/** Signed time as 8 bytes whose unsigned order is that of the numbers. */
export function writeSortable(bytes: Uint8Array, at: number, timeMs: number): void {
  writeInt64(bytes, at, timeMs)
  bytes[at] = (bytes[at] as number) ^ 0x80
}

export function readSortable(bytes: Uint8Array, at: number): number {
  return (readInt32(bytes, at) ^ -0x8000_0000) * 0x1_0000_0000 + (readInt32(bytes, at + 4) >>> 0)
}

function withRoom(key: string, room: number): Uint8Array {
  const bytes = new Uint8Array(key.length + room)
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i)
  return bytes
}
