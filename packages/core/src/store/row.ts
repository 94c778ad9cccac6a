/**
 * A row as a store holds it in memory: cache, overlay of what is not yet in the engine, and prefetched data in one object,
 * so that a read is one lookup.
 *
 * | state | meaning |
 * |---|---|
 * | clean | equal to the engine (or, without `known`, nothing is known of the engine) |
 * | dirty (`pending`) | newer than the changelog; only with caching on |
 * | staged | sent to the changelog, goes into the next batch |
 * | writing | in the batch being written |
 *
 * Rows that are dirty, staged or writing are pinned: they must not be dropped. A clean row is kept small, for there are
 * many: what only a dirty row needs is in `Pending`.
 */
import type { Headers } from '../record/headers.ts'
import { noHeaders } from '../record/headers.ts'

export const stagedFlag = 1
export const writingFlag = 2
/** The content says what the store holds; without it the engine has to be asked. */
export const knownFlag = 4
/** Used since the clock hand passed. */
export const usedFlag = 8
/** Only the cache still has it: the store below forgot it (LRU). */
export const ghostFlag = 16
/** The packed rows hold this very content. */
export const packedFlag = 32
/** The engine holds the row, or will with the batch being written (rows of windows and sessions). */
export const engineFlag = 64

/**
 * What is stored for a key: as bytes, or decoded, or both; neither = absent.
 *
 * A primitive value is kept decoded and without its bytes, which take ten times the memory of a number.
 */
export interface Content {
  /** The value without timestamp and headers. */
  bytes: Uint8Array | null
  /** The bare value decoded, when it may be handed out again. */
  value: unknown
  timestampMs: number
  headers: Headers
}

export class Row implements Content {
  readonly key: string
  readonly hash: number
  flags = 0
  /** Place in the clock ring, −1 = in none. */
  place = -1
  bytes: Uint8Array | null = null
  value: unknown = null
  timestampMs = -1
  headers: Headers = noHeaders
  /** Set while the row is dirty. */
  pending: Pending | null = null

  constructor(key: string, hash: number) {
    this.key = key
    this.hash = hash
  }
}

/** What a dirty row waits with: one per row and flush. */
export class Pending {
  readonly row: Row
  /** Content of the layers below; null = ask the engine. */
  readonly below: Content | null
  /** The record that was current at the last put. */
  timestampMs = -1
  headers: Headers = noHeaders
  /** The key as the processor gave it. */
  userKey: unknown = null
  /** Bytes accounted for. */
  bytes = 0
  /** Neighbours in the order of last puts. */
  previous: Pending | null = null
  next: Pending | null = null

  constructor(row: Row, below: Content | null) {
    this.row = row
    this.below = below
  }
}

export function isPresent(content: Content): boolean {
  return content.bytes !== null || content.value !== null
}

export function isPinned(row: Row): boolean {
  return (row.flags & (stagedFlag | writingFlag)) !== 0 || row.pending !== null
}

/** Nothing stored. */
export function absent(): Content {
  return { bytes: null, value: null, timestampMs: -1, headers: noHeaders }
}

/** The content of a row, apart from it. */
export function contentOf(row: Content): Content {
  return { bytes: row.bytes, value: row.value, timestampMs: row.timestampMs, headers: row.headers }
}

export function setContent(into: Content, content: Content): void {
  into.bytes = content.bytes
  into.value = content.value
  into.timestampMs = content.timestampMs
  into.headers = content.headers
}

/** Rough size of a row in memory, for limits. */
export function rowBytes(row: Row): number {
  const { bytes, value } = row
  const size = bytes !== null ? bytes.length + 100 : typeof value === 'string' ? value.length : 8
  return row.key.length + size + 120
}
