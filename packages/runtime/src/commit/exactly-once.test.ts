/** The order of a commit under exactly-once, and what fences it. */
import { memoryEngine } from '@millrace/core/internal'
import { expect, it } from 'vitest'
import type { CommitPosition, CommitUnit } from './committer.ts'
import { ExactlyOnceCommitter } from './exactly-once.ts'

const at = (offset: number): CommitPosition => ({ topic: 'in', partition: 0, offset, metadata: '' })

function unitOf(moved: readonly CommitPosition[], anchor: CommitPosition | null, trace: string[]): CommitUnit {
  const store = memoryEngine('0_0')
  return {
    task: {
      name: '0_0',
      flushStores: () => trace.push('flush'),
      committableOffsets: () => moved,
      anchor: () => anchor,
      stage: () => [{ key: Uint8Array.of(0, 1), value: Uint8Array.of(1) }],
      committed: () => trace.push('committed'),
    },
    engine: Object.assign(Object.create(store) as typeof store, {
      write: async () => void trace.push('engine'),
    }),
    changelogs: [],
    acknowledgedOffset: () => undefined,
  }
}

function committerOf(trace: string[]): ExactlyOnceCommitter {
  return new ExactlyOnceCommitter({
    isOpen: true,
    sendOffsets: async (positions) => void trace.push(`offsets ${positions.map(({ offset }) => offset).join()}`),
    commit: async () => void trace.push('commit'),
  })
}

it('writes the state when the transaction is committed, never before', async () => {
  const trace: string[] = []
  await committerOf(trace).commit([unitOf([at(5)], at(5), trace)])
  expect(trace).toEqual(['flush', 'offsets 5', 'commit', 'engine', 'committed'])
})

it('fences a transaction without new input by a position of the tasks in it, committed once more', async () => {
  const trace: string[] = []
  const committer = committerOf(trace)
  await committer.commit([unitOf([at(5)], at(5), [])])
  trace.length = 0
  await committer.commit([unitOf([], { ...at(3), partition: 1 }, trace)])
  expect(trace).toEqual(['flush', 'offsets 3', 'commit', 'engine', 'committed'])
})

it('writes no state after the producer failed, also when there is no new input', async () => {
  const trace: string[] = []
  const committer = new ExactlyOnceCommitter({
    get isOpen(): boolean {
      throw new Error('the producer is fenced')
    },
    sendOffsets: async () => void trace.push('offsets'),
    commit: async () => void trace.push('commit'),
  })
  await expect(committer.commit([unitOf([], at(5), trace)])).rejects.toThrow('fenced')
  expect(trace).toEqual(['flush'])
})

it('does not commit what nothing fences', async () => {
  const trace: string[] = []
  await committerOf(trace).commit([unitOf([], null, trace)])
  expect(trace).toEqual(['flush'])
})
