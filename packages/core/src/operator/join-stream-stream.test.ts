/** Stream–stream joins: inputs and results of Kafka Streams 4.3.1. `l` and `r` are the two inputs. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeOuterBuffer, FakeWindowStore } from '../../test-support/fake-stores.ts'
import { joinWindows, type JoinWindowOptions } from '../window/join-windows.ts'
import { joinStreams, type StreamJoinSide } from './join-stream-stream.ts'
import { joinTrackers } from './join-tracker.ts'

type Step = readonly ['l' | 'r' | 'wall', string | null, (string | null)?, number?]
const interval = '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__'

/** Runs the steps through both sides and gives what came out at each. */
function run(kind: 'inner' | 'left' | 'outer', window: JoinWindowOptions, steps: readonly Step[], emitMs = 0): Outcome {
  const left = new FakeWindowStore<string>('left', 0, true)
  const right = new FakeWindowStore<string>('right', 0, true)
  const task = new FakeTask(left, right, new FakeOuterBuffer<string>('buffer'))
  task.config.set(interval, String(emitMs))
  const join = {
    windows: joinWindows(window),
    joiner: (one: string | null, two: string | null) => `${one}|${two}`,
    buffer: kind === 'inner' ? null : 'buffer',
    trackers: joinTrackers(),
  }
  type Side = StreamJoinSide<string | null, string | null, string | null, string>
  const leftSide: Side = { ...join, side: 'left', outer: kind !== 'inner', otherStore: 'right' }
  const rightSide: Side = { ...join, side: 'right', outer: kind === 'outer', otherStore: 'left' }
  const context = task.context()
  const sides = { l: joinStreams(leftSide)(), r: joinStreams(rightSide)() }
  for (const side of Object.values(sides)) side.init?.(context as never)
  const results = steps.map(([from, key, value = null, timestampMs = 0]) => {
    if (from === 'wall') {
      task.nowMs += Number(key)
      return []
    }
    sides[from].process({ key, value, timestampMs, headers: [] })
    const store = from === 'l' ? left : right
    if (key !== null) store.put(key, value, timestampMs)
    return task.taken()
  })
  return { results, dropped: task.dropped.length }
}
interface Outcome {
  results: string[][]
  dropped: number
}

describe('a stream–stream join', () => {
  it('joins records within the window, both ends inclusive, at the greater time', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 20],
      ['r', 'a', 'x', 10],
      ['r', 'a', 'y', 30],
      ['r', 'a', 'z', 31],
      ['r', 'b', 'w', 20],
    ]
    expect(run('inner', { within: 10 }, steps).results).toEqual([[], ['a=1|x@20'], ['a=1|y@30'], [], []])
  })

  it('looks back and ahead by different lengths, mirrored on the right', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 50],
      ['r', 'a', '2', 31],
      ['r', 'a', '3', 29],
      ['r', 'a', '4', 55],
      ['r', 'a', '5', 56],
    ]
    expect(run('inner', { before: 20, after: 5 }, steps).results).toEqual([[], ['a=1|2@50'], [], ['a=1|4@55'], []])
  })

  it('drops null keys and values of an inner join', () => {
    const steps: Step[] = [
      ['l', null, '1', 0],
      ['r', null, '2', 0],
      ['l', 'a', null, 1],
      ['r', 'a', null, 2],
    ]
    expect(run('inner', { within: 10 }, steps)).toEqual({ results: [[], [], [], []], dropped: 4 })
  })

  it('gives unmatched records of the outer side when their window has closed', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 0],
      ['r', 'a', '2', 5],
      ['l', 'b', '3', 6],
      ['r', 'c', '4', 7],
      ['l', 'd', '5', 20],
    ]
    const later: Step[] = [
      ['l', 'e', '6', 40],
      ['r', 'f', '7', 60],
      ['l', 'z', '0', 100],
    ]
    expect(run('left', { within: 10 }, [...steps, ...later]).results).toEqual([
      [],
      ['a=1|2@5'],
      [],
      [],
      ['b=3|null@6'],
      ['d=5|null@20'],
      ['e=6|null@40'],
      [],
    ])
    expect(run('outer', { within: 10 }, [...steps, ...later]).results.slice(4)).toEqual([
      ['b=3|null@6', 'c=null|4@7'],
      ['d=5|null@20'],
      ['e=6|null@40'],
      ['f=null|7@60'],
    ])
  })

  it('closes strictly after time + after + grace, and a match in the meantime takes the record out', () => {
    const grace: Step[] = [
      ['l', 'a', '1', 0],
      ['l', 'x', '0', 15],
      ['l', 'x', '0', 16],
      ['r', 'a', '2', 9],
      ['l', 'x', '0', 40],
    ]
    expect(run('left', { within: 10, grace: 5 }, grace).results).toEqual([
      [],
      [],
      ['a=1|null@0'],
      ['a=1|2@9'],
      ['x=0|null@15', 'x=0|null@16'],
    ])
    const match: Step[] = [
      ['l', 'a', '1', 0],
      ['l', 'b', '2', 0],
      ['l', 'x', '0', 25],
      ['r', 'a', '3', 8],
      ['l', 'x', '0', 60],
    ]
    expect(run('left', { within: 10, grace: 20 }, match).results.slice(3)).toEqual([
      ['a=1|3@8'],
      ['b=2|null@0', 'x=0|null@25'],
    ])
  })

  it('is asked for closed windows only by a record at the current stream time', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 0],
      ['l', 'b', '2', 200],
      ['l', 'c', '3', 150],
      ['l', 'd', '4', 201],
      ['l', 'e', '5', 320],
      ['l', 'f', '6', 250],
    ]
    expect(run('left', { within: 10, grace: 100 }, steps).results).toEqual([
      [],
      ['a=1|null@0'],
      ['c=3|null@150'],
      [],
      ['b=2|null@200', 'd=4|null@201'],
      ['f=6|null@250'],
    ])
  })

  it('gives an unmatched record at once when its window has passed, whatever the grace', () => {
    const steps: Step[] = [
      ['l', 'x', '0', 100],
      ['l', 'a', '1', 80],
      ['r', 'a', '2', 85],
      ['l', 'z', '0', 300],
    ]
    expect(run('left', { within: 10, grace: 50 }, steps).results).toEqual([
      [],
      ['a=1|null@80'],
      ['a=1|2@85'],
      ['x=0|null@100'],
    ])
  })

  it('gives several records of one key and time, and right before left at one time', () => {
    const many: Step[] = [
      ['l', 'a', '1', 0],
      ['l', 'a', '2', 0],
      ['l', 'a', '3', 1],
      ['r', 'a', 'x', 11],
      ['l', 'z', '0', 100],
    ]
    expect(run('left', { within: 10, grace: 20 }, many).results.slice(3)).toEqual([
      ['a=3|x@11'],
      ['a=1|null@0', 'a=2|null@0'],
    ])
    const both: Step[] = [
      ['r', 'b', '1', 0],
      ['l', 'a', '2', 0],
      ['l', 'b', '3', 40],
      ['r', 'c', '4', 40],
      ['l', 'z', '0', 100],
    ]
    expect(run('outer', { within: 10 }, both).results).toEqual([
      [],
      [],
      ['b=null|1@0', 'a=2|null@0'],
      [],
      ['c=null|4@40', 'b=3|null@40'],
    ])
  })

  it('gives each side its own closing time', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 50],
      ['r', 'b', '2', 50],
      ['l', 'x', '0', 56],
      ['l', 'x', '0', 71],
      ['l', 'z', '0', 200],
    ]
    expect(run('outer', { before: 20, after: 5 }, steps).results).toEqual([
      [],
      [],
      ['a=1|null@50'],
      ['b=null|2@50', 'x=0|null@56'],
      ['x=0|null@71'],
    ])
  })

  it('gives null keys of an outer side at once', () => {
    const steps: Step[] = [
      ['l', null, '1', 0],
      ['r', null, '2', 0],
      ['l', 'a', null, 1],
      ['r', 'a', null, 2],
    ]
    expect(run('left', { within: 10 }, steps)).toEqual({ results: [['null=1|null@0'], [], [], []], dropped: 3 })
    expect(run('outer', { within: 10 }, steps)).toEqual({
      results: [['null=1|null@0'], ['null=null|2@0'], [], []],
      dropped: 2,
    })
  })

  it('gives eager unmatched results with the windows of the deprecated builder', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 0],
      ['r', 'b', '2', 5],
      ['r', 'a', '3', 6],
    ]
    expect(run('outer', { within: 10, eager: true }, steps).results).toEqual([
      ['a=1|null@0'],
      ['b=null|2@5'],
      ['a=1|3@6'],
    ])
  })

  it('looks into the buffer once per interval of wall-clock time, also when it is empty', () => {
    const steps: Step[] = [
      ['l', 'a', '1', 0],
      ['l', 'b', '2', 20],
      ['l', 'c', '3', 40],
      ['wall', '999'],
      ['l', 'd', '4', 60],
      ['wall', '1'],
      ['l', 'e', '5', 80],
      ['wall', '1000'],
      ['l', 'f', '6', 81],
    ]
    const { results } = run('left', { within: 10 }, steps, 1000)
    expect(results[6]).toEqual(['a=1|null@0', 'b=2|null@20', 'c=3|null@40', 'd=4|null@60'])
    expect(results.flat()).toHaveLength(4)
  })
})
