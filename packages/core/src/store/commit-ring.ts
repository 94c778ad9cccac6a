/**
 * Finds a hole in a store engine's log at open: a batch in the middle that was lost while later ones are there. LevelDB
 * reports nothing then, after power loss or damage to its log files.
 *
 * Every batch carries its number n and the bytes written so far, in slot `n mod slots`, and `newest` = n. Only batches in
 * the engine's last logs can be missing, so at open the slots are walked back until two logs and the largest batch are
 * covered, and four batches at least: each slot must hold its number. A missing tail is no hole: the walk begins at the
 * newest batch that is there. Pure functions; the caller puts the operations into its batch.
 *
 * How many slots a ring has belongs to the engine, not to whoever opens it: logs may have another size next time. When more
 * or fewer are wanted, the batches to come (from number `since`) go into a ring of that size; those before are checked at
 * that open for the last time, since opening moves them from the logs into tables. Rows of 24 bytes, without the two last
 * numbers, were written with one of the sizes of then: the one whose slot of the newest batch holds its number.
 *
 * | engine key | value |
 * |---|---|
 * | `00 00 01` | newest: `n 8 ‖ bytes 8 ‖ largest batch 8 ‖ slots 8 ‖ since 8` |
 * | `00 00 02 ‖ slot 4` | `n 8 ‖ bytes 8` |
 */
import type { EngineOperation } from '../port/store-engine.ts'
import { writeInt32 } from '../serde/envelope/int-bytes.ts'
import { readInt64, writeInt64 } from './int64.ts'

/** Where the ring stands; one per engine, kept by its writer. */
export interface CommitRing {
  /** Number of the last batch, 0 = none yet. */
  readonly newest: number
  /** Bytes of all batches so far. */
  readonly bytes: number
  /** Bytes of the largest batch. */
  readonly largest: number
  readonly slots: number
  /** Number of the first batch in a ring of this size. */
  readonly since: number
}

export type RingCheck =
  | { readonly ring: CommitRing; readonly hole: null }
  /** The batch with this number is missing: the engine must be set aside and restored. */
  | { readonly ring: null; readonly hole: number }

/** Smallest batch that is counted on: one row and the ring itself. */
const batchBytesMin = 100
const batchesMin = 4
/** Logs of engines whose newest row does not tell the number of slots. */
const formerLogBytes: readonly number[] = [16 << 20, 4 << 20]
/** Bytes of one operation beside its key and value, in LevelDB's log. */
const operationBytes = 8

/** A ring for an empty engine. `logBytes` = bytes that one log of the engine may hold (`EngineStats.writeBufferBytes`). */
export function newCommitRing(logBytes: number): CommitRing {
  return { newest: 0, bytes: 0, largest: 0, slots: slotsFor(logBytes), since: 1 }
}

function slotsFor(logBytes: number): number {
  return Math.max(16, Math.ceil((2 * logBytes) / batchBytesMin))
}

/**
 * Adds the ring's two rows to a batch that is otherwise complete.
 *
 * @returns the ring after the batch; keep it only when the batch was written
 */
export function stampBatch(ring: CommitRing, batch: EngineOperation[]): CommitRing {
  let size = 0
  for (const { key, value } of batch) size += key.length + (value?.length ?? 0) + operationBytes
  const newest = ring.newest + 1
  const after = { ...ring, newest, bytes: ring.bytes + size, largest: Math.max(ring.largest, size) }
  batch.push({ key: slotKey(newest % ring.slots), value: longs(newest, after.bytes) })
  batch.push({ key: newestKey, value: longs(newest, after.bytes, after.largest, ring.slots, ring.since) })
  return after
}

/**
 * Checks the ring of an engine that was just opened.
 *
 * @returns the ring for the batches to come
 */
export function checkCommitRing(read: Read, logBytes: number): RingCheck {
  const row = read(newestKey)
  if (row === undefined) return { ring: newCommitRing(logBytes), hole: null }
  const ring = ringOf(row, read, logBytes)
  const hole = ring === null ? null : holeIn(ring, read, logBytes)
  if (hole !== null) return { ring: null, hole }
  const slots = slotsFor(logBytes)
  if (ring?.slots === slots) return { ring, hole: null }
  const newest = readInt64(row, 0)
  const counted = { newest, bytes: readInt64(row, 8), largest: readInt64(row, 16) }
  return { ring: { ...counted, slots, since: newest + 1 }, hole: null }
}

type Read = (key: Uint8Array) => Uint8Array | undefined

/** The ring that the row tells of; null: its size is not known, so that nothing can be checked. */
function ringOf(row: Uint8Array, read: Read, logBytes: number): CommitRing | null {
  const [newest, bytes, largest] = [readInt64(row, 0), readInt64(row, 8), readInt64(row, 16)]
  if (row.length > 24) return { newest, bytes, largest, slots: readInt64(row, 24), since: readInt64(row, 32) }
  const sizes = [logBytes, ...formerLogBytes].map(slotsFor)
  const slots = sizes.find((size) => holds(read(slotKey(newest % size)), newest))
  return slots === undefined ? null : { newest, bytes, largest, slots, since: 1 }
}

function holeIn(ring: CommitRing, read: Read, logBytes: number): number | null {
  const logBytesThen = (ring.slots * batchBytesMin) / 2
  const reach = ring.bytes - 2 * (Math.max(logBytes, logBytesThen) + ring.largest)
  const oldest = Math.max(ring.since, ring.newest - ring.slots + 1)
  for (let number = ring.newest; number >= oldest; number--) {
    const slot = read(slotKey(number % ring.slots))
    if (slot === undefined || !holds(slot, number)) return number
    if (readInt64(slot, 8) < reach && ring.newest - number >= batchesMin) break
  }
  return null
}

function holds(slot: Uint8Array | undefined, number: number): boolean {
  return slot !== undefined && readInt64(slot, 0) === number
}

const newestKey = Uint8Array.of(0, 0, 1)

function slotKey(slot: number): Uint8Array {
  const key = Uint8Array.of(0, 0, 2, 0, 0, 0, 0)
  writeInt32(key, 3, slot)
  return key
}

function longs(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 8)
  for (const [i, value] of values.entries()) writeInt64(bytes, i * 8, value)
  return bytes
}
