/** Sessions: inputs and results of Kafka Streams 4.3.1. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeSessionStore } from '../../test-support/fake-stores.ts'
import { session } from '../window/session-windows.ts'
import { aggregateSessions } from './session-aggregate.ts'
import { countingFold, reducingFold } from './window-fold.ts'

type Input = (key: string | null, value: string | null, timestampMs: number) => void

function joined(graceMs: number, emit: 'update' | 'close' = 'update', sendOldValues = false): [FakeTask, Input] {
  const task = new FakeTask(new FakeSessionStore<string>('s'))
  task.config.set('__emit.interval.ms.kstreams.windowed.aggregation__', '0')
  const supplier = aggregateSessions<string | null, string | null, string>({
    store: 's',
    windows: session(10, { grace: graceMs }),
    emit,
    init: () => '0',
    add: (aggregate, value) => `${aggregate}+${value}`,
    merge: (one, two) => `${one}&${two}`,
  })
  if (sendOldValues) supplier.enableSendOldValues(true)
  return [task, task.node(supplier.create()) as Input]
}

describe('an aggregation over sessions', () => {
  it('deletes the sessions that a record merges, then gives the merged one', () => {
    const [task, input] = joined(100)
    input('a', '1', 0)
    input('a', '2', 20)
    expect(task.taken()).toEqual(['a[0,0]=null->0+1@0', 'a[20,20]=null->0+2@20'])
    input('a', '3', 10)
    expect(task.taken()).toEqual(['a[0,0]=null->null@0', 'a[20,20]=null->null@20', 'a[0,20]=null->0&0+1&0+2+3@20'])
  })

  it('merges what is exactly the gap apart and nothing farther', () => {
    const [task, input] = joined(100)
    for (const [value, timestampMs] of [
      ['1', 0],
      ['2', 10],
      ['3', 21],
    ] as const)
      input('a', value, timestampMs)
    expect(task.taken().slice(1)).toEqual(['a[0,0]=null->null@0', 'a[0,10]=null->0&0+1+2@10', 'a[21,21]=null->0+3@21'])
  })

  it('gives no deletion for a session of the same single time', () => {
    const [task, input] = joined(100)
    input('a', '1', 5)
    input('a', '2', 5)
    expect(task.taken()).toEqual(['a[5,5]=null->0+1@5', 'a[5,5]=null->0&0+1+2@5'])
  })

  it('deletes and puts again a session that a record falls into', () => {
    const [task, input] = joined(100, 'update', true)
    input('a', '1', 0)
    input('a', '2', 8)
    task.taken()
    input('a', '3', 4)
    expect(task.taken()).toEqual(['a[0,8]=0&0+1+2->null@8', 'a[0,8]=null->0&0&0+1+2+3@8'])
  })

  it('drops null keys and sessions that end before stream time − grace − gap, but not null values', () => {
    const [task, input] = joined(0)
    input(null, '1', 0)
    input('a', null, 50)
    input('a', 'late', 39)
    input('a', 'edge', 40)
    expect(task.taken()).toEqual([
      'a[50,50]=null->0+null@50',
      'a[50,50]=null->null@50',
      'a[40,50]=null->0&0+null+edge@50',
    ])
    expect(task.dropped).toHaveLength(2)
  })

  it('emits a session once when it has closed, with emit on close', () => {
    const [task, input] = joined(0, 'close')
    for (const [key, value, timestampMs] of [
      ['a', '1', 0],
      ['a', '2', 5],
      ['b', '3', 7],
    ] as const)
      input(key, value, timestampMs)
    expect(task.taken()).toEqual([])
    input('a', '4', 30)
    expect(task.taken()).toEqual(['a[0,5]=null->0&0+1+2@5', 'b[7,7]=null->0+3@7'])
    input('a', '5', 45)
    expect(task.taken()).toEqual(['a[30,30]=null->0+4@30'])
  })

  it('counts and reduces', () => {
    const counts = new FakeTask(new FakeSessionStore<number>('s'))
    const shape = { store: 's', windows: session(10, { grace: 100 }), emit: 'update' } as const
    const count = counts.node(aggregateSessions<string, string, number>({ ...shape, ...countingFold() }).create())
    const sums = new FakeTask(new FakeSessionStore<number>('s'))
    const fold = reducingFold<string, number>((sum, value) => sum * 10 + value)
    const reduce = sums.node(aggregateSessions<string, number, number>({ ...shape, ...fold }).create())
    for (const [value, timestampMs] of [
      [1, 0],
      [2, 20],
      [3, 10],
    ] as const) {
      count('a' as never, String(value) as never, timestampMs)
      reduce('a' as never, value as never, timestampMs)
    }
    expect(counts.taken().at(-1)).toBe('a[0,20]=null->3@20')
    expect(sums.taken().at(-1)).toBe('a[0,20]=null->123@20')
  })

  it('looks a session up with its end as the time of the row', () => {
    const store = new FakeSessionStore<string>('s')
    store.put({ key: 'a', window: { startMs: 1, endMs: 4 } }, 'x')
    const options = { store: 's', windows: session(10), emit: 'update' } as const
    const supplier = aggregateSessions<string, string, number>({ ...options, ...countingFold() }).valueGetterSupplier()
    const getter = supplier.create()
    getter.init(new FakeTask(store).context() as never)
    expect(getter.get({ key: 'a', window: { startMs: 1, endMs: 4 } })).toEqual({ value: 'x', timestampMs: 4 })
    expect(getter.get({ key: 'a', window: { startMs: 1, endMs: 5 } })).toBeNull()
  })
})
