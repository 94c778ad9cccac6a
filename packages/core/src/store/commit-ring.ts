/**
 * Finds a hole in a store engine's log at open: a batch in the middle that was lost while later ones are there. LevelDB
 * reports nothing then, after power loss or damage to its log files.
 *
 * Every batch carries its number n and the bytes written so far, in slot `n mod slots`, and `newest` = n. Only batches in
 * the engine's last logs can be missing, so at open the slots are walked back until two logs and the largest batch are
 * covered, and four batches at least: each slot must hold its number. A missing tail is no hole: the walk begins at the
 * newest batch that is there. Pure functions; the caller puts the operations into its batch.
 *
 * | engine key | value |
 * |---|---|
 * | `00 00 01` | newest: `n 8 ‖ bytes 8 ‖ largest batch 8` |
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
}

export type RingCheck =
  | { readonly ring: CommitRing; readonly hole: null }
  /** The batch with this number is missing: the engine must be set aside and restored. */
  | { readonly ring: null; readonly hole: number }

/** Smallest batch that is counted on: one row and the ring itself. */
const batchBytesMin = 100
const batchesMin = 4
/** Bytes of one operation beside its key and value, in LevelDB's log. */
const operationBytes = 8

/** A ring for an empty engine. `logBytes` = bytes that one log of the engine may hold (`EngineStats.writeBufferBytes`). */
export function newCommitRing(logBytes: number): CommitRing {
  return { newest: 0, bytes: 0, largest: 0, slots: Math.max(16, Math.ceil((2 * logBytes) / batchBytesMin)) }
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
  const after = { newest, bytes: ring.bytes + size, largest: Math.max(ring.largest, size), slots: ring.slots }
  batch.push({ key: slotKey(newest % ring.slots), value: longs(newest, after.bytes) })
  batch.push({ key: newestKey, value: longs(newest, after.bytes, after.largest) })
  return after
}

/** Checks the ring of an engine that was just opened. */
export function checkCommitRing(read: (key: Uint8Array) => Uint8Array | undefined, logBytes: number): RingCheck {
  const empty = newCommitRing(logBytes)
  const row = read(newestKey)
  if (row === undefined) return { ring: empty, hole: null }
  const ring: CommitRing = {
    newest: readInt64(row, 0),
    bytes: readInt64(row, 8),
    largest: readInt64(row, 16),
    slots: empty.slots,
  }
  const reach = ring.bytes - 2 * (logBytes + ring.largest)
  const oldest = Math.max(1, ring.newest - ring.slots + 1)
  for (let number = ring.newest; number >= oldest; number--) {
    const slot = read(slotKey(number % ring.slots))
    if (slot === undefined || readInt64(slot, 0) !== number) return { ring: null, hole: number }
    if (readInt64(slot, 8) < reach && ring.newest - number >= batchesMin) break
  }
  return { ring, hole: null }
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
