/**
 * kill −9 at random moments: a process with its embedded broker, its topics and its state in a directory, killed again and
 * again while it writes and counts. MILLRACE_KILLS says how often (default 4), MILLRACE_SEED repeats the moments.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CountingProcess } from './child.ts'

const kills = Number(process.env['MILLRACE_KILLS'] ?? 4)
const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 1_000_000)

/** At least once: each kill repeats at most what one commit interval and one start have processed twice over. */
const surplusPerKill = 20_000

describe('a process that is killed', () => {
  it.each(['at-least-once', 'exactly-once'])(
    `loses nothing, and repeats no more than its guarantee allows (%s, ${kills} kills, seed ${seed})`,
    async (processingGuarantee) => {
      const random = generator(seed)
      const directory = await mkdtemp(join(tmpdir(), 'millrace-kill-'))
      const options = {
        applicationId: 'killed',
        brokerDirectory: join(directory, 'topics'),
        stateDirectory: join(directory, 'state'),
        app: { processingGuarantee, groupInstanceId: 'one' },
      }
      try {
        for (let kill = 0; kill < kills; kill++) {
          const child = new CountingProcess(options)
          await child.next('state', (state) => state === 'RUNNING')
          await new Promise((resolve) => setTimeout(resolve, random() * 800))
          await child.kill()
          // Now and then the state is lost too, and comes back from the changelog.
          if (random() < 0.3) await rm(options.stateDirectory, { recursive: true, force: true })
        }
        const last = new CountingProcess({ ...options, last: true })
        const { records, missing, surplus } = await last.next('result')
        expect(await last.ended).toBe(0)
        expect(records).toBeGreaterThan(0)
        expect(missing).toBe(0)
        if (processingGuarantee === 'exactly-once') expect(surplus).toBe(0)
        else expect(surplus).toBeLessThanOrEqual(kills * surplusPerKill)
      } finally {
        await rm(directory, { recursive: true, force: true })
      }
    },
    60_000 + kills * 20_000,
  )
})

function generator(from: number): () => number {
  let state = from | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
