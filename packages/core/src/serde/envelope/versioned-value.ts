/**
 * Values of a versioned store (KIP-889): the latest version of a key, and one row of older versions per segment.
 *
 * ```
 * latest:   valid from int64 │ value
 * segment:  next timestamp int64 │ min timestamp int64 │ { valid from int64 │ value length int32, −1 = tombstone } …
 *           (newest first, until the one that is valid from min timestamp) │ values, oldest first
 * ```
 * A row's newest version is valid until next timestamp, each other one until the next newer one begins. A row of one
 * tombstone with next = min ("degenerate") marks a deletion of a key the store did not have.
 */
import { readLong, writeLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'
import { ByteCursor } from './byte-cursor.ts'
import { writeInt32 } from './int-bytes.ts'

/** One version in a segment's row; `value` null = deleted in that time. */
export interface SegmentVersion {
  readonly validFromMs: number
  readonly validToMs: number
  readonly value: Uint8Array | null
}

/** Bytes of the latest version. */
export function encodeLatestVersion(value: Uint8Array, validFromMs: number): Uint8Array {
  const bytes = new Uint8Array(8 + value.length)
  writeLong(bytes, 0, validFromMs)
  bytes.set(value, 8)
  return bytes
}

/** The value is a view. @throws {MR_SERDE_FORMAT} too short */
export function decodeLatestVersion(bytes: Uint8Array): { readonly value: Uint8Array; readonly validFromMs: number } {
  const cursor = new ByteCursor('latestVersion', bytes)
  const validFromMs = cursor.long()
  return { value: cursor.rest(), validFromMs }
}

/** Row of a segment from its versions, newest first, at least one, each valid until the one before it begins. */
export function encodeSegmentVersions(versions: readonly SegmentVersion[]): Uint8Array {
  const newest = versions[0]
  const oldest = versions[versions.length - 1]
  if (newest === undefined || oldest === undefined) throw wrongFormat('segmentVersions', 'a row has a version')
  let size = 16
  for (const { value } of versions) size += 12 + (value === null ? 0 : value.length)
  const bytes = new Uint8Array(size)
  writeLong(bytes, 0, newest.validToMs)
  writeLong(bytes, 8, oldest.validFromMs)
  let at = 16
  let end = size
  for (const { validFromMs, value } of versions) {
    writeLong(bytes, at, validFromMs)
    at = writeInt32(bytes, at + 8, value === null ? -1 : value.length)
    if (value === null) continue
    end -= value.length
    bytes.set(value, end)
  }
  return bytes
}

/** Versions of a row, newest first; the values are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeSegmentVersions(bytes: Uint8Array): SegmentVersion[] {
  const cursor = new ByteCursor('segmentVersions', bytes)
  let validToMs = cursor.long()
  const minMs = cursor.long()
  const versions: SegmentVersion[] = []
  let end = bytes.length
  for (;;) {
    const validFromMs = cursor.long()
    const length = cursor.int32()
    let value: Uint8Array | null = null
    if (length >= 0) {
      const start = end - length
      if (start < cursor.at) throw wrongFormat('segmentVersions', 'a value is longer than the row')
      value = bytes.subarray(start, end)
      end = start
    }
    versions.push({ validFromMs, validToMs, value })
    if (validFromMs === minMs) return versions
    validToMs = validFromMs
  }
}

/** Times a row covers, without reading its versions. @throws {MR_SERDE_FORMAT} too short */
export function segmentSpan(bytes: Uint8Array): { readonly nextMs: number; readonly minMs: number } {
  if (bytes.length < 16) throw wrongFormat('segmentVersions', `at least 16 bytes wanted, got ${bytes.length}`)
  return { nextMs: readLong(bytes, 0), minMs: readLong(bytes, 8) }
}
