/**
 * Killed at random moments and at chosen points of its commits, an application loses nothing, repeats nothing under
 * exactly-once and at most one commit interval otherwise, and finds its state again. `npm run crash` is the long form.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from '../broker/real-kafka.ts'
import { campaignLines, runCampaign } from './fleet/campaign.ts'
import { killWeights } from './fleet/faults.ts'
import type { Guarantee } from './plan.ts'
import { type KillPlan, killRounds, type KillSummary, summaryLines } from './rounds.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const rounds = 5
const guarantees: readonly Guarantee[] = ['at-least-once', 'exactly-once']
/** Rounds of kills in which several processes die, by version: the newest first. */
const fleetRounds = [20, 10]

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function killed(plan: Pick<KillPlan, 'guarantee' | 'kafka' | 'points'>): Promise<KillSummary> {
  const own = join(directory, `${plan.guarantee}-${plan.kafka === null ? 'embedded' : 'real'}`)
  const summary = await killRounds({ ...plan, rounds, seed, directory: own })
  expect(summary.faults, `seed ${seed}\n${summaryLines(summary).join('\n')}`).toEqual([])
  expect(summary.inputRecords).toBeGreaterThan(0)
  return summary
}

describe(`kill -9 with the embedded broker, seed ${seed}`, () => {
  it.each(guarantees)('is survived: %s', async (guarantee) => void (await killed({ guarantee, kafka: null })), 180_000)
})

for (const [i, version] of versions.entries()) {
  describe.skipIf(missing !== null)(`kill -9 on Kafka ${version}, seed ${seed}`, () => {
    let kafka: RealKafka
    beforeAll(async () => {
      kafka = await startKafka(version)
    }, 180_000)
    afterAll(async () => kafka[Symbol.asyncDispose]())

    it(`is survived by three processes of one application, ${fleetRounds[i]} rounds`, async () => {
      const summary = await runCampaign({
        applicationId: 'fleet',
        rounds: fleetRounds[i] ?? 0,
        seed,
        guarantee: 'exactly-once',
        kafka: kafka.bootstrap,
        cluster: null,
        brokers: 1,
        directory: join(directory, `fleet-${version}`),
        members: 3,
        // quick restarts without a rebalance: rounds are short
        staticMembers: 3,
        recordsPerSecond: 120,
        faults: [1, 2],
        weights: killWeights,
      })
      expect(summary.faults, `seed ${seed}\n${campaignLines(summary).join('\n')}`).toEqual([])
      expect(summary.kills).toBeGreaterThanOrEqual(fleetRounds[i] ?? 0)
      expect(summary.killsAtPoints).toBeGreaterThan(0)
      expect(summary.abortedInLog).toBeGreaterThan(0)
    }, 400_000)
  })
}

describe.skipIf(missing !== null)(`one process that is killed on Kafka ${versions[0]}, seed ${seed}`, () => {
  // one of its own for each: topics and application have fixed names
  let kafka: RealKafka
  beforeEach(async () => {
    kafka = await startKafka(versions[0] ?? '')
  }, 180_000)
  afterEach(async () => kafka[Symbol.asyncDispose]())

  it('repeats no more than a commit interval under at-least-once', async () => {
    await killed({ guarantee: 'at-least-once', kafka: kafka.bootstrap })
  }, 180_000)

  it('reads at most the last transaction from the changelog when it starts again', async () => {
    // `killRounds` compares what each start reads with what was processed since the last complete commit.
    const points = ['end:sent', 'end:answered', 'batch:before']
    const summary = await killed({ guarantee: 'exactly-once', kafka: kafka.bootstrap, points })
    expect(summary.restoredMax).toBeGreaterThan(0)
    expect(summary.restoredMax).toBeLessThan(summary.inputRecords / 2)
  }, 180_000)
})
