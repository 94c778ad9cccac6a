/**
 * A row as a store holds it in memory: cache, overlay of what is not yet in the engine, and prefetched data in one object,
 * so that a read is one lookup.
 *
 * | flags | meaning |
 * |---|---|
 * | none | clean: equal to the engine (or, with `known` missing, nothing is known of the engine) |
 * | dirty | newer than the changelog; only with caching on. `below` is what the layers below hold |
 * | staged | sent to the changelog, goes into the next batch |
 * | writing | in the batch being written |
 *
 * Rows that are dirty, staged or writing are pinned: they must not be dropped.
 */
import type { Headers } from '../record/headers.ts'
import { noHeaders } from '../record/headers.ts'

/** `value` is the decoded value and may be handed out again. */
export const decodedFlag = 1
export const dirtyFlag = 2
export const stagedFlag = 4
export const writingFlag = 8
/** `bytes` (or `value`) say what the store holds; without it the engine has to be asked. */
export const knownFlag = 16
/** Used since the clock hand passed. */
export const usedFlag = 32
/** `value` is newer than `bytes`: encoded at the flush. */
export const unencodedFlag = 64
/** Only the cache still has it: the store below dropped it (retention, LRU). */
export const ghostFlag = 128
export const pinnedFlags: number = dirtyFlag | stagedFlag | writingFlag

/** The stored content of a row. */
export interface Content {
  /** Value without timestamp and headers; null = absent. */
  bytes: Uint8Array | null
  timestampMs: number
  headers: Headers
}

export class Row implements Content {
  readonly key: string
  readonly hash: number
  flags = 0
  bytes: Uint8Array | null = null
  timestampMs = -1
  headers: Headers = noHeaders
  value: unknown = null
  /** Content of the layers below while the row is dirty; null = ask the engine. */
  below: Content | null = null
  /** The record that was current at the last put into the cache. */
  putTimestampMs = -1
  putHeaders: Headers = noHeaders
  /** The key as the processor gave it; kept while dirty. */
  userKey: unknown = null
  /** Bytes accounted for as pinned. */
  pinnedBytes = 0
  /** Neighbours in the order of last puts. */
  previous: Row | null = null
  next: Row | null = null
  /** Place in the clock ring, −1 = in none. */
  place = -1

  constructor(key: string, hash: number) {
    this.key = key
    this.hash = hash
  }
}

/** Rough size of a row in memory, for limits. */
export function rowBytes(row: Row): number {
  return row.key.length + (row.bytes === null ? 0 : row.bytes.length) + 160
}

export function isPinned(row: Row): boolean {
  return (row.flags & pinnedFlags) !== 0
}
