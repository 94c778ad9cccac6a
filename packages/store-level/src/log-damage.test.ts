/**
 * Holes in LevelDB's logs, which it opens without a word, are found by the commit ring; a lost tail is none.
 *
 * Method: batches with the ring's rows in a small write buffer, a copy of the directory with damage at a random place of a
 * random log, then open and compare what is there with what the ring says.
 */
import { cp, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCommitRing, newCommitRing, stampBatch } from '@millrace/core/internal'
import type { EngineOperation, StoreEngine } from '@millrace/core/port'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SeededRandom } from '@millrace/testing/contract'
import { levelStores } from './index.ts'

const writeBufferBytes = 128 * 1024
const batches = 150
let home: string

const rowKey = (n: number): Uint8Array => Uint8Array.of(0, 1, 0, n >>> 8, n & 0xff)

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'millrace-damage-'))
  await using stores = levelStores({ directory: join(home, 'whole'), writeBufferBytes })
  const engine = await stores.open('0_0')
  const random = new SeededRandom(5)
  let ring = newCommitRing(writeBufferBytes)
  for (let n = 1; n <= batches; n++) {
    const batch: EngineOperation[] = [{ key: rowKey(n), value: random.bytes(2_000) }]
    ring = stampBatch(ring, batch)
    await engine.write(batch)
  }
})
afterAll(async () => {
  await rm(home, { recursive: true, force: true })
})

/** Numbers of the batches whose row is there. */
function present(engine: StoreEngine): number[] {
  const found: number[] = []
  for (let n = 1; n <= batches; n++) if (engine.getSync(rowKey(n)) !== undefined) found.push(n)
  return found
}

async function damaged(seed: number): Promise<{ verdict: string; hole: boolean }> {
  const random = new SeededRandom(seed)
  const directory = join(home, `copy-${seed}`)
  await cp(join(home, 'whole'), directory, { recursive: true })
  const database = join(directory, '0_0', 'db')
  const logs = (await readdir(database)).filter((file) => file.endsWith('.log'))
  const file = await open(join(database, random.pick(logs)), 'r+')
  const { size } = await file.stat()
  const at = random.between(0, Math.max(0, size - 1))
  if (random.chance(0.3)) await file.truncate(at)
  else {
    const length = random.between(1, Math.min(8_000, size - at))
    await file.write(random.chance(0.5) ? new Uint8Array(length) : random.bytes(length), 0, length, at)
  }
  await file.close()
  await using stores = levelStores({ directory, writeBufferBytes })
  try {
    const engine = await stores.open('0_0')
    const rows = present(engine)
    const last = rows[rows.length - 1] ?? 0
    const hole = rows.length < last
    const check = checkCommitRing((key) => engine.getSync(key), writeBufferBytes)
    return { verdict: check.hole === null ? `newest ${check.ring?.newest} of rows to ${last}` : 'hole', hole }
  } catch (error) {
    return { verdict: (error as { code: string }).code, hole: true }
  }
}

describe('damage to the logs', () => {
  it('is found when it makes a hole, and never taken for one when only the tail is lost', async () => {
    let holes = 0
    for (let seed = 1; seed <= 40; seed++) {
      const { verdict, hole } = await damaged(seed)
      if (hole) {
        holes++
        expect(['hole', 'MR_STORE_CORRUPT'], `seed ${seed}: ${verdict}`).toContain(verdict)
      } else {
        expect(verdict, `seed ${seed}`).toMatch(/^newest (\d+) of rows to \1$/)
      }
    }
    expect(holes).toBeGreaterThan(3)
  })
})
