/** Tumbling, hopping and unlimited windows: which windows a record updates, what is late, what comes out when. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeWindowStore } from '../../test-support/fake-stores.ts'
import { noHeaders } from '../record/headers.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { hopping, type TimeWindows, tumbling } from '../window/time-windows.ts'
import { unlimited, type UnlimitedWindows } from '../window/unlimited-windows.ts'
import { aggregateWindows } from './window-aggregate.ts'
import { countingFold, reducingFold } from './window-fold.ts'

type Input = (key: string | null, value: string | null, timestampMs: number) => void
const feed = (task: FakeTask, supplier: { create(): unknown }): Input => task.node(supplier.create() as never) as Input

function joined(
  windows: TimeWindows | UnlimitedWindows,
  emit: 'update' | 'close' = 'update',
  sendOldValues = false,
): [FakeTask, Input, FakeWindowStore<ValueAndTimestamp<string>>] {
  const store = new FakeWindowStore<ValueAndTimestamp<string>>('w', windows.kind === 'time' ? windows.sizeMs : Infinity)
  const task = new FakeTask(store)
  task.config.set('__emit.interval.ms.kstreams.windowed.aggregation__', '0')
  const supplier = aggregateWindows<string | null, string | null, string>({
    store: 'w',
    windows,
    emit,
    init: () => '0',
    add: (aggregate, value) => (value === 'gone' ? null : `${aggregate}+${value}`),
  })
  if (sendOldValues) supplier.enableSendOldValues(true)
  return [task, task.node(supplier.create()) as Input, store]
}

describe('an aggregation over time windows', () => {
  it('updates every hopping window that contains the record, oldest first', () => {
    const [task, input] = joined(hopping(10, { advance: 5 }))
    input('a', '1', 7)
    input('a', '2', 12)
    expect(task.taken()).toEqual([
      'a[0,10]=null->0+1@7',
      'a[5,15]=null->0+1@7',
      'a[5,15]=null->0+1+2@12',
      'a[10,20]=null->0+2@12',
    ])
  })

  it('keeps the greatest time of a window and sends the old value when it is asked for', () => {
    const [task, input] = joined(tumbling(10, { grace: 10 }), 'update', true)
    input('a', '1', 7)
    input('a', '2', 3)
    expect(task.taken()).toEqual(['a[0,10]=0->0+1@7', 'a[0,10]=0+1->0+1+2@7'])
  })

  it('drops per window what is late: a window closes when stream time − grace reaches its end', () => {
    const [task, input] = joined(hopping(10, { advance: 5, grace: 2 }))
    input('a', '1', 16)
    input('a', '2', 9)
    input('a', '3', 8)
    expect(task.taken().filter((line) => line.includes('+2') || line.includes('+3'))).toEqual([
      'a[5,15]=null->0+2@9',
      'a[5,15]=null->0+2+3@9',
    ])
    expect(task.dropped).toHaveLength(2)
    expect(task.dropped[0]).toContain('[0, 10)')
  })

  it('drops null keys and aggregates null values', () => {
    const [task, input] = joined(tumbling(10))
    input(null, '1', 0)
    input('a', null, 1)
    expect(task.taken()).toEqual(['a[0,10]=null->0+null@1'])
    expect(task.dropped).toEqual(['null key'])
  })

  it('deletes a window when the aggregate is null and begins again with the initial one', () => {
    const [task, input, store] = joined(tumbling(10))
    input('a', '1', 1)
    input('a', 'gone', 2)
    expect(store.rows).toEqual([])
    input('a', '2', 1)
    expect(task.taken()).toEqual(['a[0,10]=null->0+1@1', 'a[0,10]=null->null@2', 'a[0,10]=null->0+2@1'])
  })

  it('puts everything from the start on into one unlimited window and ignores what is before', () => {
    const [task, input] = joined(unlimited({ start: 5 }))
    input('a', '1', 100)
    input('a', '2', 5)
    input('a', '3', 4)
    expect(task.taken()).toEqual(['a[5,Infinity]=null->0+1@100', 'a[5,Infinity]=null->0+1+2@100'])
    expect(task.dropped).toEqual([])
  })

  it('refuses to emit unlimited windows on close', () => {
    expect(() => joined(unlimited(), 'close')).toThrow(expect.objectContaining({ code: 'MR_WINDOW_EMIT' }))
  })

  it('keeps stream time with the store, so that a window stays closed after a restart', () => {
    const [, input, store] = joined(tumbling(10))
    input('a', '1', 25)
    const again = new FakeTask(store)
    const shape = { store: 'w', windows: tumbling(10), emit: 'update' } as const
    const restarted = feed(again, aggregateWindows({ ...shape, ...countingFold<string, string>() }))
    restarted('b', 'late', 9)
    expect(again.taken()).toEqual([])
    expect(again.dropped).toHaveLength(1)
  })

  it('counts and reduces', () => {
    const shape = { store: 'w', windows: tumbling(10), emit: 'update' } as const
    const task = new FakeTask(new FakeWindowStore('w', 10))
    const count = feed(task, aggregateWindows({ ...shape, ...countingFold<string, string | null>() }))
    count('a', null, 1)
    count('a', 'x', 2)
    expect(task.taken()).toEqual(['a[0,10]=null->1@1', 'a[0,10]=null->2@2'])
    const other = new FakeTask(new FakeWindowStore('w', 10))
    const fold = reducingFold<string, string>((one, two) => one + two)
    const reduce = feed(other, aggregateWindows({ ...shape, ...fold }))
    reduce('a', 'x', 1)
    reduce('a', 'y', 2)
    expect(other.taken()).toEqual(['a[0,10]=null->x@1', 'a[0,10]=null->xy@2'])
  })

  it('waits for the flush of a cached store, which has time and headers of the put', () => {
    const task = new FakeTask(new FakeWindowStore('w', 10))
    task.cached.add('w')
    const options = { store: 'w', windows: tumbling(10), emit: 'update', ...countingFold<string, string>() } as const
    const input = feed(task, aggregateWindows(options))
    input('a', 'x', 3)
    expect(task.taken()).toEqual([])
    const windowed = { key: 'a', window: { startMs: 0, endMs: 10 } }
    const row = { value: 1, timestampMs: 3 }
    task.listeners.get('w')?.(windowed as never, row as never, null as never, 99, noHeaders)
    task.listeners.get('w')?.(windowed as never, null as never, row as never, 99, noHeaders)
    expect(task.taken()).toEqual(['a[0,10]=null->1@3', 'a[0,10]=1->null@99'])
  })
})

describe('emission on close', () => {
  it('gives each window once, in the order of their starts, when stream time − grace reaches its end', () => {
    const [task, input] = joined(tumbling(10, { grace: 5 }), 'close')
    input('a', '1', 1)
    input('b', '2', 12)
    expect(task.taken()).toEqual([])
    input('a', '3', 15)
    expect(task.taken()).toEqual(['a[0,10]=null->0+1@1'])
    input('c', '4', 40)
    expect(task.taken()).toEqual(['a[10,20]=null->0+3@15', 'b[10,20]=null->0+2@12'])
    expect(task.counts.get('window-aggregate-final-emit-total')).toBe(3)
  })

  it('looks at most once per second of wall-clock time unless the interval says otherwise', () => {
    const [task, input] = joined(tumbling(10), 'close')
    task.config.delete('__emit.interval.ms.kstreams.windowed.aggregation__')
    const store = new FakeWindowStore<ValueAndTimestamp<number>>('v', 10)
    const slow = new FakeTask(store)
    const options = { store: 'v', windows: tumbling(10), emit: 'close', ...countingFold<string, string>() } as const
    const late = feed(slow, aggregateWindows(options))
    late('a', 'x', 1)
    late('a', 'x', 11)
    late('a', 'x', 21)
    expect(slow.taken()).toEqual([])
    slow.nowMs = 1000
    late('a', 'x', 22)
    expect(slow.taken()).toEqual(['a[0,10]=null->1@1', 'a[10,20]=null->1@11'])
    input('a', '1', 0)
    expect(task.taken()).toEqual([])
  })

  it('does not give again what was given before a restart', () => {
    const [, input, store] = joined(tumbling(10), 'close')
    input('a', '1', 1)
    input('a', '2', 11)
    const again = new FakeTask(store)
    const options = { store: 'w', windows: tumbling(10), emit: 'close', ...countingFold<string, string>() } as const
    again.config.set('__emit.interval.ms.kstreams.windowed.aggregation__', '0')
    feed(again, aggregateWindows(options))('b', 'x', 12)
    expect(again.taken()).toEqual([])
  })
})
