/** The order of a commit, seen from outside: every step of every part leaves a line. */
import { RetriableError, TaskMigratedError } from '@millrace/core'
import { memoryEngine } from '@millrace/core/internal'
import type { StoreEngine } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { readPosition } from '../changelog/positions.ts'
import { AtLeastOnceCommitter } from './at-least-once.ts'
import type { CommitChangelog, CommitPosition, CommitUnit } from './committer.ts'

const row = Uint8Array.of(0, 1, 42)
const calm = { flush: async (): Promise<void> => undefined, fence: (): null => null }

interface Traced {
  readonly unit: CommitUnit
  readonly engine: StoreEngine
}

function traced(name: string, trace: string[], changelogs: readonly CommitChangelog[] = []): Traced {
  const store = memoryEngine(name)
  const engine = Object.assign(Object.create(store) as StoreEngine, {
    write: async (operations: Parameters<StoreEngine['write']>[0], options: Parameters<StoreEngine['write']>[1]) => {
      trace.push(`${name} engine ${operations.length}${options?.sync === true ? ' sync' : ''}`)
      await store.write(operations)
    },
    getMany: async (keys: readonly Uint8Array[]) => store.getMany(keys),
  })
  const positions: CommitPosition[] = [{ topic: 'in', partition: 0, offset: 7, metadata: 'm' }]
  const unit: CommitUnit = {
    task: {
      name,
      flushStores: () => trace.push(`${name} flush`),
      committableOffsets: () => positions,
      anchor: () => positions[0] ?? null,
      stage: () => [{ key: row, value: row }],
      committed: () => trace.push(`${name} committed`),
    },
    engine,
    changelogs,
    acknowledgedOffset: (topic) => (topic === 'app-s-changelog' ? 99 : undefined),
  }
  return { unit, engine }
}

describe('AtLeastOnceCommitter', () => {
  it('flushes caches, waits for acknowledgements, writes the engines, then commits the offsets of all tasks together', async () => {
    const trace: string[] = []
    const committer = new AtLeastOnceCommitter(
      { flush: async () => void trace.push('producer flush'), fence: () => null },
      async (positions) => void trace.push(`offsets ${positions.length}`),
    )
    const tasks = [traced('0_0', trace), traced('1_0', trace)]
    await committer.commit(tasks.map((task) => task.unit))
    expect(trace).toEqual([
      '0_0 flush',
      '1_0 flush',
      'producer flush',
      '0_0 engine 1',
      '0_0 committed',
      '1_0 engine 1',
      '1_0 committed',
      'offsets 1',
    ])
  })

  it('stores the position of what was acknowledged, and of the input for a source topic', async () => {
    const changelogs = [
      { topic: 'app-s-changelog', partition: 0, isSource: false },
      { topic: 'in', partition: 0, isSource: true },
      { topic: 'app-idle-changelog', partition: 0, isSource: false },
    ]
    const { unit, engine } = traced('0_0', [], changelogs)
    await new AtLeastOnceCommitter(calm, async () => undefined).commit([unit])
    expect(await readPosition(engine, 'app-s-changelog', 0)).toBe(100)
    expect(await readPosition(engine, 'in', 0)).toBe(7)
    expect(await readPosition(engine, 'app-idle-changelog', 0)).toBeNull()
  })

  it('writes no state and commits nothing when a record was refused', async () => {
    const trace: string[] = []
    const refused = async (): Promise<void> => {
      throw new Error('refused')
    }
    const committer = new AtLeastOnceCommitter({ ...calm, flush: refused }, async () => void trace.push('offsets'))
    await expect(committer.commit([traced('0_0', trace).unit])).rejects.toThrow('refused')
    expect(trace).toEqual(['0_0 flush'])
  })

  it('owes offsets that the group refuses while it rebalances, and pays them with the next commit', async () => {
    const sent: number[] = []
    let rebalancing = true
    const committer = new AtLeastOnceCommitter(calm, async (positions) => {
      if (rebalancing) throw new RetriableError('MR_PROTOCOL_REBALANCE', { group: 'app', what: 'a commit' })
      sent.push(positions.length)
    })
    await committer.commit([traced('0_0', []).unit])
    expect(committer.owes).toBe(true)
    rebalancing = false
    await committer.commit([])
    expect(sent).toEqual([1])
    expect(committer.owes).toBe(false)
  })

  it('forgets what it owes for partitions that belong to somebody else', async () => {
    const committer = new AtLeastOnceCommitter(calm, async () => {
      throw new RetriableError('MR_PROTOCOL_REBALANCE', { group: 'app', what: 'a commit' })
    })
    await committer.commit([traced('0_0', []).unit])
    committer.forget((topic) => topic === 'in')
    expect(committer.owes).toBe(false)
  })

  it('passes on that the partitions belong to somebody else', async () => {
    const committer = new AtLeastOnceCommitter(calm, async () => {
      throw new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', {
        group: 'app',
        member: 'm',
        reason: 'ILLEGAL_GENERATION',
      })
    })
    await expect(committer.commit([traced('0_0', []).unit])).rejects.toMatchObject({ name: 'TaskMigratedError' })
  })

  it("writes no state when the tasks may be another worker's by now", async () => {
    const trace: string[] = []
    const details = { group: 'app', member: 'm', reason: 'its session may have run out' }
    const fence = (): Error => new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', details)
    const committer = new AtLeastOnceCommitter({ flush: async () => void trace.push('flushed'), fence }, async () => {
      trace.push('offsets')
    })
    await expect(committer.commit([traced('0_0', trace).unit])).rejects.toThrow('run out')
    expect(trace).toEqual(['0_0 flush', 'flushed'])
  })

  it('forces the last batch of a clean close to the disk', async () => {
    const trace: string[] = []
    const committer = new AtLeastOnceCommitter(calm, async () => undefined)
    await committer.commit([traced('0_0', trace).unit], { sync: true })
    expect(trace).toContain('0_0 engine 1 sync')
  })
})
