/** What becomes of a transaction whose worker is gone, in virtual time. */
import { describe, expect, it } from 'vitest'
import { runChecked, smallPlan } from './explorer.ts'
import type { Fault } from './plan.ts'

const transactionTimeoutMs = 30_000

/** One machine does something to itself when its offsets have just become part of a transaction that is still open. */
const plan = (fault: Fault): ReturnType<typeof smallPlan> =>
  smallPlan(5, { topology: 'count', transactionTimeoutMs, abortedInput: 0, batches: 12, faults: [fault] })

const when = { machine: 0, step: 'answer produce TxnOffsetCommit', nth: 2 }

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
    const { violations, counts } = await runChecked(plan({ kind: 'stop-in', ...when, forMs: 4_000 }))
    expect(violations).toEqual([])
    expect(counts.stops).toBe(1)
  })
})
