import { describe, expect, it } from 'vitest'
import { type FetchStatus, TaskReadiness } from './readiness.ts'

const inputs = [
  { topic: 'a', partition: 0 },
  { topic: 'b', partition: 0 },
]
const taskWith = (counts: Record<string, number>) => ({
  buffered: (topic: string) => counts[topic] ?? 0,
  allBuffered: inputs.every(({ topic }) => (counts[topic] ?? 0) > 0),
})
const known = (position: number, end: number, hasData = false): FetchStatus => ({ position, end, hasData })

describe('TaskReadiness', () => {
  it.each([
    ['every input has a record', 0, { a: 1, b: 1 }, undefined, true],
    ['nothing is there', -1, { a: 0, b: 0 }, undefined, false],
    ['an input is empty and waiting is off', -1, { a: 1 }, undefined, true],
    ['it is not known whether the broker has more', 0, { a: 1 }, undefined, false],
    ['the partition was not answered yet', 0, { a: 1 }, known(0, -1), false],
    ['its position is being looked up', 0, { a: 1 }, known(-1, 5), false],
    ['the broker has more', 0, { a: 1 }, known(3, 5), false],
    ['more was fetched and not handed over', 0, { a: 1 }, known(5, 5, true), false],
    ['the broker has nothing more', 0, { a: 1 }, known(5, 5), true],
  ])('when %s (idle %i)', (_, idleMs, counts, status, expected) => {
    expect(new TaskReadiness(inputs, idleMs).isReady(taskWith(counts), () => status, 0)).toBe(expected)
  })

  it('waits the idle time from the moment the broker has nothing more, per partition', () => {
    const readiness = new TaskReadiness(inputs, 100)
    const at = (nowMs: number, end = 5): boolean => readiness.isReady(taskWith({ a: 1 }), () => known(5, end), nowMs)
    expect([at(1_000), at(1_099), at(1_100)]).toEqual([false, false, true])
    expect(at(1_110, 6)).toBe(false)
    expect([at(1_120), at(1_219), at(1_220)]).toEqual([false, false, true])
    expect(readiness.enforced).toBe(2)
  })
})
