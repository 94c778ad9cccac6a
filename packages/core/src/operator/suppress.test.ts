/** Suppress: what waits, what comes out when, and what happens above the limits. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeSuppressBuffer, FakeTable } from '../../test-support/fake-stores.ts'
import { change } from '../record/change.ts'
import { suppressTable, type TableSuppress } from './suppress.ts'
import { tableSource } from './table-source.ts'

type Feed = (key: unknown, value: unknown, timestampMs: number, headers?: never) => void
const unbounded = { recordsMax: Infinity, bytesMax: Infinity, whenFull: 'emit' } as const

function suppressed(options: Omit<TableSuppress<unknown, string>, 'parent' | 'store'>): [FakeTask, Feed] {
  const task = new FakeTask(new FakeSuppressBuffer<string>('b'))
  const parent = tableSource<unknown, string>({ store: 't', materialized: true })
  return [task, task.node(suppressTable({ ...options, parent, store: 'b' }).create()) as Feed]
}

const window = (endMs: number): object => ({ key: 'a', window: { startMs: endMs - 10, endMs } })

describe('suppress', () => {
  it('until the window closes gives the last result once and leaves deletions out', () => {
    const [task, input] = suppressed({ until: 'window-close', waitMs: 5, ...unbounded })
    input(window(10), change('1', null), 3)
    input(window(10), change('2', '1'), 4)
    input(window(20), change(null, null), 14)
    expect(task.taken()).toEqual([])
    input(window(30), change('x', null), 25)
    expect(task.taken().map((line) => line.replace(/.*=/, ''))).toEqual(['1->2@4'])
    expect(task.counts.get('suppression-emit-total')).toBe(1)
  })

  it('until a time limit keeps the place of the first change and forwards deletions', () => {
    const [task, input] = suppressed({ until: 'time-limit', waitMs: 10, ...unbounded })
    input('a', change('1', null), 0)
    input('b', change('x', null), 2)
    input('a', change(null, '1'), 9)
    expect(task.taken()).toEqual([])
    input('c', change('y', null), 11)
    expect(task.taken()).toEqual(['a=1->null@9'])
    input('c', change('z', 'y'), 12)
    expect(task.taken()).toEqual(['b=null->x@2'])
  })

  it('gives the oldest early when the buffer is full', () => {
    const limits = { recordsMax: 2, bytesMax: Infinity, whenFull: 'emit' } as const
    const [task, input] = suppressed({ until: 'time-limit', waitMs: 1000, ...limits })
    for (const [key, timestampMs] of [
      ['b', 2],
      ['a', 1],
      ['c', 3],
    ] as const)
      input(key, change('x', null), timestampMs)
    expect(task.taken()).toEqual(['a=null->x@1'])
  })

  it('fails when the buffer is full and it was told to stop', () => {
    const limits = { recordsMax: Infinity, bytesMax: 15, whenFull: 'stop' } as const
    const [task, input] = suppressed({ until: 'time-limit', waitMs: 1000, ...limits })
    input('a', change('x', null), 1)
    expect(() => input('b', change('x', null), 2)).toThrow(
      expect.objectContaining({ code: 'MR_OPERATOR_SUPPRESS_FULL' }),
    )
    expect(task.taken()).toEqual([])
  })

  it('shows rows as downstream has seen them', () => {
    const rows = new FakeTable<string>('t')
    rows.put('a', { value: 'new', timestampMs: 9 })
    rows.put('b', { value: 'only', timestampMs: 1 })
    const task = new FakeTask(new FakeSuppressBuffer<string>('b'), rows)
    const parent = tableSource<unknown, string>({ store: 't', materialized: false })
    const supplier = suppressTable({ until: 'time-limit', waitMs: 10, ...unbounded, parent, store: 'b' })
    ;(task.node(supplier.create()) as Feed)('a', change('new', 'old'), 9)
    const getter = supplier.valueGetterSupplier().create()
    getter.init(task.context() as never)
    expect([getter.get('a')?.value, getter.get('b')?.value]).toEqual(['old', 'only'])
    expect(parent.isMaterialized).toBe(true)
  })

  it('keeps stream time with the buffer, so that what was final stays final after a restart', () => {
    const buffer = new FakeSuppressBuffer<string>('b')
    buffer.observedStreamTimeMs = 100
    const task = new FakeTask(buffer)
    const parent = tableSource<unknown, string>({ store: 't', materialized: true })
    const options = { until: 'window-close', waitMs: 0, ...unbounded, parent, store: 'b' } as const
    ;(task.node(suppressTable(options).create()) as Feed)(window(50), change('x', null), 45)
    expect(task.taken()).toHaveLength(1)
  })
})
