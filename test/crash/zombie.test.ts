/**
 * Processes that come back: one that slept beyond its session commits nothing of what it had begun, and a transaction that
 * a dead process left open is ended by its own restart at once, by others after its timeout.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from '../broker/real-kafka.ts'
import { type CampaignPlan, type CampaignSummary, campaignLines, runCampaign, type Stage } from './fleet/campaign.ts'
import type { Slot } from './fleet/fleet.ts'
import type { ArmedPoint } from './fleet/kill-points.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const wait = { timeout: 60_000, interval: 50 }
/** Sub-topologies times partitions. */
const allTasks = 12

const running = async (...slots: readonly (Slot | undefined)[]): Promise<void> =>
  vi.waitFor(() => expect(slots.map((slot) => slot?.member?.state)).toEqual(slots.map(() => 'RUNNING')), wait)
const hasAll = async (slot: Slot | undefined): Promise<void> =>
  vi.waitFor(async () => expect((await slot?.member?.dump())?.tasks).toHaveLength(allTasks), wait)

/** Lets a process reach a point, at which it dies or falls asleep. */
async function reach(slot: Slot | undefined, point: string, signal: ArmedPoint['signal']): Promise<void> {
  slot?.member?.arm({ point, nth: 3, signal })
  await vi.waitFor(() => expect(slot?.member?.reached).toBe(point), wait)
  if (signal === 'SIGKILL') await slot?.member?.ended()
}

for (const version of versions) {
  describe.skipIf(missing !== null)(`a process that comes back, on Kafka ${version}, seed ${seed}`, () => {
    let kafka: RealKafka
    let directory = ''
    beforeAll(async () => {
      kafka = await startKafka(version)
      directory = mkdtempSync(join(tmpdir(), 'millrace-zombie-'))
    }, 180_000)
    afterAll(async () => {
      await kafka[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    })

    async function campaign(
      applicationId: string,
      plan: Pick<CampaignPlan, 'rounds' | 'members' | 'script'> & Partial<CampaignPlan>,
    ): Promise<CampaignSummary> {
      const summary = await runCampaign({
        applicationId,
        seed,
        guarantee: 'exactly-once',
        kafka: kafka.bootstrap,
        cluster: null,
        brokers: 1,
        directory: join(directory, applicationId),
        staticMembers: 0,
        recordsPerSecond: 100,
        faults: [0, 0],
        weights: {},
        ...plan,
      })
      expect(summary.faults, `seed ${seed}\n${campaignLines(summary).join('\n')}`).toEqual([])
      expect(summary.roundsPassed).toBe(plan.rounds)
      return summary
    }

    it('commits nothing of what it had begun when it slept beyond its session and its transaction', async () => {
      const points = ['produce:answered', 'offsets:answered', 'end:before']
      const script = async ({ round, fleet }: Stage): Promise<void> => {
        const [sleeper, other] = fleet.slots
        await running(sleeper, other)
        await reach(sleeper, points[round - 1] ?? '', 'SIGSTOP')
        await hasAll(other)
        sleeper?.member?.proceed()
      }
      const summary = await campaign('zombie', { rounds: points.length, members: 2, script })
      expect(summary.abortedInLog).toBeGreaterThan(0)
    }, 300_000)

    it('ends the transaction that its life before left open, at once', async () => {
      const script = async ({ fleet, open }: Stage): Promise<void> => {
        const [slot] = fleet.slots
        await running(slot)
        await reach(slot, 'offsets:answered', 'SIGKILL')
        expect(await open()).not.toEqual([])
        slot?.start()
      }
      // The broker would wait for ten minutes: what ends within the round was ended by the restart.
      const transactionTimeoutMs = 600_000
      await campaign('restart', { rounds: 1, members: 1, script, transactionTimeoutMs })
    }, 300_000)

    it.runIf(version === versions[0])(
      'leaves a transaction that others see ended after its timeout',
      async () => {
        const script = async ({ fleet, open }: Stage): Promise<void> => {
          const [dead, other] = fleet.slots
          await running(dead, other)
          await reach(dead, 'offsets:answered', 'SIGKILL')
          const left = await open()
          expect(left).not.toEqual([])
          await hasAll(other)
          // What the dead one left is over, although nobody has used its transactional id since.
          await vi.waitFor(async () => expect((await open()).filter((one) => left.includes(one))).toEqual([]), wait)
          dead?.start()
        }
        await campaign('successor', { rounds: 1, members: 2, script })
      },
      300_000,
    )
  })
}
