import { expect, it } from 'vitest'
import type { EngineOperation } from '../port/store-engine.ts'
import { checkCommitRing, type CommitRing, newCommitRing, stampBatch } from './commit-ring.ts'

const logBytes = 2_000
const apply = (rows: Map<string, Uint8Array>, batch: readonly EngineOperation[]): void => {
  for (const { key, value } of batch) {
    if (value === null) rows.delete(String(key))
    else rows.set(String(key), value)
  }
}

/** Batches 1 … count, those in `lost` not applied. */
function written(count: number, lost: readonly number[]): { rows: Map<string, Uint8Array>; ring: CommitRing } {
  const rows = new Map<string, Uint8Array>()
  let ring = newCommitRing(logBytes)
  for (let n = 1; n <= count; n++) {
    const batch: EngineOperation[] = [{ key: Uint8Array.of(1, n & 0xff), value: new Uint8Array(100) }]
    ring = stampBatch(ring, batch)
    if (!lost.includes(n)) apply(rows, batch)
  }
  return { rows, ring }
}

it('goes on where a whole log ends', () => {
  const { rows, ring } = written(500, [])
  expect(checkCommitRing((key) => rows.get(String(key)), logBytes)).toEqual({ ring, hole: null })
  expect(checkCommitRing(() => undefined, logBytes)).toEqual({ ring: newCommitRing(logBytes), hole: null })
})

it('takes a missing tail for a shorter log', () => {
  const { rows } = written(500, [498, 499, 500])
  expect(checkCommitRing((key) => rows.get(String(key)), logBytes).ring?.newest).toBe(497)
})

it('finds any batch that is missing within the last two logs, and does not look further back', () => {
  for (let lost = 470; lost < 500; lost++) {
    const { rows } = written(500, [lost])
    expect(checkCommitRing((key) => rows.get(String(key)), logBytes).hole, `batch ${lost}`).toBe(lost)
  }
  const { rows } = written(500, [300])
  let reads = 0
  const check = checkCommitRing((key) => {
    reads++
    return rows.get(String(key))
  }, logBytes)
  expect(check.hole).toBe(null)
  expect(reads).toBeLessThan(60)
})

/** A writer that opens the log anew with buffers of this size, checks it, and writes this many batches. */
function session(rows: Map<string, Uint8Array>, bytes: number, count: number, lost = 0): number | null {
  const check = checkCommitRing((key) => rows.get(String(key)), bytes)
  if (check.ring === null) return check.hole
  let { ring } = check
  for (let n = 1; n <= count; n++) {
    const batch: EngineOperation[] = [{ key: Uint8Array.of(1), value: new Uint8Array(100) }]
    ring = stampBatch(ring, batch)
    if (ring.newest !== lost) apply(rows, batch)
  }
  return null
}

it('goes on when the logs have another size than the last time, and finds holes under any size', () => {
  const rows = new Map<string, Uint8Array>()
  for (const bytes of [1_000, 4_000, 1_000, 2_000, 2_000, 1_000]) {
    for (const count of [1, 300, 77]) expect(session(rows, bytes, count), `${bytes} bytes`).toBe(null)
  }
  const newest = 6 * 378
  expect(session(rows, 4_000, 50, newest + 48)).toBe(null)
  for (const bytes of [1_000, 2_000, 4_000]) expect(session(rows, bytes, 0)).toBe(newest + 48)
})

it('goes on with rings that do not tell their size, whatever size they were written with', () => {
  const newestKey = String([0, 0, 1])
  for (const written of [16 << 20, 4 << 20, 1 << 16]) {
    for (const opened of [16 << 20, 4 << 20, 1 << 16]) {
      const rows = new Map<string, Uint8Array>()
      session(rows, written, 90_000)
      const newest = rows.get(newestKey) as Uint8Array
      rows.set(newestKey, newest.subarray(0, 24))
      expect(session(rows, opened, 10), `${written} opened with ${opened}`).toBe(null)
      expect(session(rows, opened, 10)).toBe(null)
    }
  }
})

it('covers four batches when one is larger than the logs', () => {
  const rows = new Map<string, Uint8Array>()
  let ring = newCommitRing(logBytes)
  for (let n = 1; n <= 8; n++) {
    const batch: EngineOperation[] = [{ key: Uint8Array.of(1), value: new Uint8Array(100_000) }]
    ring = stampBatch(ring, batch)
    if (n !== 5) apply(rows, batch)
  }
  expect(checkCommitRing((key) => rows.get(String(key)), logBytes).hole).toBe(5)
})
