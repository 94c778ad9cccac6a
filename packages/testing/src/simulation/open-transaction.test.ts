/** What becomes of a transaction whose worker is gone, in virtual time. */
import { describe, expect, it } from 'vitest'
import { committedLog } from './committed-log.ts'
import { runChecked, scenarioOf, smallPlan } from './explorer.ts'
import type { Fault } from './plan.ts'
import { runPlan } from './run-plan.ts'
import type { World } from './world.ts'

const transactionTimeoutMs = 30_000

/** One machine does something to itself when its offsets have just become part of a transaction that is still open. */
const plan = (fault: Fault): ReturnType<typeof smallPlan> =>
  smallPlan(5, { topology: 'count', transactionTimeoutMs, abortedInput: 0, batches: 12, faults: [fault] })

const when = { machine: 0, step: 'answer produce TxnOffsetCommit', nth: 2 }

/** Where the records of a transaction begin. */
interface Place {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

function undecided({ cluster }: World): Place[] {
  return Array.from(cluster.state.topics.all()).flatMap(({ name, partitions }) =>
    partitions.flatMap(({ index }) =>
      (committedLog(cluster.state, name, index)?.open ?? []).map(({ offset }) => ({
        topic: name,
        partition: index,
        offset,
      })),
    ),
  )
}

function isVisible({ cluster }: World, { topic, partition, offset }: Place): boolean {
  return committedLog(cluster.state, topic, partition)?.records.some((record) => record.offset === offset) ?? false
}

describe('a transaction that is open when its worker goes', { timeout: 60_000 }, () => {
  it('is ended at once by the restart of that worker', async () => {
    const { violations, counts, tookMs } = await runChecked(plan({ kind: 'kill-in', ...when, forMs: 100 }))
    expect(violations).toEqual([])
    expect(counts.kills).toBe(1)
    expect(tookMs).toBeLessThan(transactionTimeoutMs)
  })

  it('is waited for by others until its timeout, and nothing of it is seen', async () => {
    const { violations, counts, tookMs } = await runChecked(plan({ kind: 'kill-in', ...when, forMs: 120_000 }))
    expect(violations).toEqual([])
    expect(counts.kills).toBe(1)
    expect(tookMs).toBeGreaterThan(transactionTimeoutMs)
  })

  it('commits nothing when its worker was only stopped, for longer than its session lasts, and goes on', async () => {
    const stopped = plan({ kind: 'stop-in', ...when, forMs: 4_000 })
    const scenario = scenarioOf(stopped)
    let world: World | undefined
    let left: readonly Place[] = []
    const set: typeof scenario.set = (made, its) => {
      world = made
      // Stopped for long, and its tasks are with the other worker: what has no end yet is its own.
      made.time.after(2_500, () => {
        left = undecided(made)
      })
      return scenario.set(made, its)
    }
    const { violations, counts, trace } = await runPlan(stopped, { ...scenario, set }, true)
    expect(violations).toEqual([])
    expect(counts.stops).toBe(1)
    const lines = trace ?? []
    const wakes = lines.findIndex((line) => line.endsWith('m0/1: continues'))
    const joins = lines.findIndex((line, i) => i > wakes && line.endsWith('m0/1: answer group SyncGroup'))
    const sent = lines.slice(wakes, joins).filter((line) => line.includes('m0/1: send produce'))
    expect(sent).not.toEqual([])
    expect(sent.filter((line) => !line.endsWith('InitProducerId'))).toEqual([])
    expect(left).not.toEqual([])
    expect(left.filter((place) => world !== undefined && isVisible(world, place))).toEqual([])
  })
})
