/** Sliding windows: inputs and results of Kafka Streams 4.3.1, and a naive model over seeded random inputs. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeWindowStore } from '../../test-support/fake-stores.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { sliding } from '../window/sliding-windows.ts'
import { aggregateSlidingWindows, type SlidingAggregateOptions } from './sliding-window-aggregate.ts'

type Options = SlidingAggregateOptions<string | null, string | null, string>

function joined(differenceMs: number, graceMs: number, emit: 'update' | 'close' = 'update'): [FakeTask, Input] {
  const task = new FakeTask(new FakeWindowStore<ValueAndTimestamp<string>>('w', differenceMs))
  task.config.set('__emit.interval.ms.kstreams.windowed.aggregation__', '0')
  const options: Options = {
    store: 'w',
    windows: sliding(differenceMs, { grace: graceMs }),
    emit,
    init: () => '0',
    add: (aggregate, value) => `${aggregate}+${value}`,
  }
  return [task, task.node(aggregateSlidingWindows(options).create()) as Input]
}
type Input = (key: string | null, value: string | null, timestampMs: number) => void

describe('an aggregation over sliding windows', () => {
  it('gives a record a window of its own and updates those it is in', () => {
    const [task, input] = joined(10, 50)
    input('a', '1', 20)
    expect(task.taken()).toEqual(['a[10,20]=null->0+1@20'])
    input('a', '2', 25)
    expect(task.taken()).toEqual(['a[21,31]=null->0+2@25', 'a[15,25]=null->0+1+2@25'])
    input('a', '3', 32)
    expect(task.taken()).toEqual(['a[26,36]=null->0+3@32', 'a[22,32]=null->0+2+3@32'])
    input('a', '4', 50)
    expect(task.taken()).toEqual(['a[40,50]=null->0+4@50'])
  })

  it('puts records earlier than the difference into one window', () => {
    const [task, input] = joined(10, 50)
    input('a', '1', 0)
    input('a', '2', 5)
    expect(task.taken()).toEqual(['a[0,10]=null->0+1@0', 'a[1,11]=null->0+2@5', 'a[0,10]=null->0+1+2@5'])
    input('a', '3', 10)
    expect(task.taken()).toEqual(['a[1,11]=null->0+2+3@10', 'a[0,10]=null->0+1+2+3@10', 'a[6,16]=null->0+3@10'])
    input('a', '4', 11)
    expect(task.taken()).toEqual(['a[6,16]=null->0+3+4@11', 'a[1,11]=null->0+2+3+4@11', 'a[11,21]=null->0+4@11'])
  })

  it('creates the left and right windows of an out-of-order record', () => {
    const [task, input] = joined(10, 50)
    input('a', '1', 30)
    input('a', '2', 45)
    task.taken()
    input('a', '3', 38)
    expect(task.taken()).toEqual([
      'a[35,45]=null->0+2+3@45',
      'a[31,41]=null->0+3@38',
      'a[28,38]=null->0+1+3@38',
      'a[39,49]=null->0+2@45',
    ])
    input('a', '4', 20)
    expect(task.taken()).toEqual(['a[20,30]=null->0+1+4@30', 'a[10,20]=null->0+4@20', 'a[21,31]=null->0+1@30'])
  })

  it('drops null keys, null values and what is late, per window', () => {
    const [task, input] = joined(10, 0)
    input(null, '1', 20)
    input('a', null, 20)
    expect(task.dropped).toHaveLength(2)
    input('a', '1', 20)
    input('a', '2', 35)
    task.taken()
    input('a', 'late', 10)
    input('a', 'edge', 25)
    expect(task.taken()).toEqual(['a[25,35]=null->0+2+edge@35', 'a[26,36]=null->0+2@35'])
    expect(task.dropped).toHaveLength(5)
  })

  it('fails at the first record when the difference is 0', () => {
    const [, input] = joined(0, 10)
    expect(() => input('a', '1', 20)).toThrow(expect.objectContaining({ code: 'MR_WINDOW_EMPTY' }))
  })

  it('emits a window once when it has closed, with emit on close', () => {
    const [task, input] = joined(10, 0, 'close')
    input('a', '1', 20)
    expect(task.taken()).toEqual([])
    input('a', '2', 25)
    expect(task.taken()).toEqual(['a[10,20]=null->0+1@20'])
    input('b', 'x', 40)
    expect(task.taken()).toEqual(['a[15,25]=null->0+1+2@25', 'a[21,31]=null->0+2@25'])
    input('b', 'y', 40)
    expect(task.taken()).toEqual([])
    expect(task.counts.get('window-aggregate-final-emit-total')).toBe(3)
  })

  it('holds in each window just the records in it (random input, seeds 1 to 20)', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = generator(seed)
      const [task, input] = joined(10, 1_000)
      const records: [number, string][] = []
      for (let i = 0; i < 40; i++) {
        const timestampMs = random(60)
        const value = `v${i}`
        records.push([timestampMs, value])
        input('a', value, timestampMs)
      }
      const last = new Map(task.taken().map((line) => [line.slice(0, line.indexOf('=')), line]))
      for (const [window, line] of last) {
        const [startMs, endMs] = (/\[(\d+),(\d+)\]/.exec(window) as RegExpExecArray).slice(1).map(Number) as [
          number,
          number,
        ]
        const inside = records.filter(([time]) => time >= startMs && time <= endMs).map(([, value]) => value)
        const values = (/->0\+(.*)@/.exec(line) as RegExpExecArray)[1]?.split('+') ?? []
        expect([seed, window, values.toSorted()]).toEqual([seed, window, inside.toSorted()])
      }
      const ends = new Set(records.map(([time]) => Math.max(time, 10)))
      for (const endMs of ends) expect(last.has(`a[${endMs - 10},${endMs}]`), `seed ${seed}, end ${endMs}`).toBe(true)
    }
  })
})

/** Small deterministic generator (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) % below
  }
}
