/** Operators on single records: what they forward, what their functions see, and null results. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import type { Processor } from '../processor/processor.ts'
import { branchStream } from './branch.ts'
import { filterStream } from './filter.ts'
import { flatMapStreamValues } from './flat-map-values.ts'
import { flatMapStream } from './flat-map.ts'
import { foreachStream } from './foreach.ts'
import { mapStreamValues } from './map-values.ts'
import { mapStream } from './map.ts'
import { passThrough } from './pass-through.ts'
import { peekStream } from './peek.ts'
import { printStream } from './print.ts'
import { selectStreamKey } from './select-key.ts'

type Pair = readonly [string | null, string | null]

function through(supplier: () => Processor<never, never, never, never>, ...pairs: readonly Pair[]): FakeTask {
  const task = new FakeTask()
  const input = task.node(supplier() as Processor<unknown, unknown, unknown, unknown>)
  for (const [i, [key, value]] of pairs.entries()) input(key, value, i)
  return task
}
const run = (supplier: unknown, ...pairs: readonly Pair[]): FakeTask => through(supplier as never, ...pairs)
const code = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

describe('operators on single records', () => {
  it('filter and filterNot keep the same record object, and see null', () => {
    const isX = (value: string | null): boolean => value === 'x'
    const task = run(filterStream(isX), ['a', 'x'], ['b', null])
    expect(task.taken()).toEqual(['a=x@0'])
    expect(run(filterStream(isX, true), ['a', 'x'], [null, null]).taken()).toEqual(['null=null@1'])
  })

  it('map gives a new key and value with the time and headers of the input', () => {
    const task = new FakeTask()
    const headers = [{ key: 'h', value: null }]
    const input = task.node(mapStream<string, string, string, number>((value, key) => [`${key}!`, value.length])())
    input('a', 'xyz', 7, headers)
    expect(task.forwarded).toEqual([{ key: 'a!', value: 3, timestampMs: 7, headers }])
  })

  it('map, flatMap and flatMapValues name the function that returned null', () => {
    const nothing = (): never => null as never
    for (const supplier of [mapStream(nothing), flatMapStream(nothing), flatMapStreamValues(nothing)])
      expect(code(() => run(supplier, ['a', 'x']))).toBe('MR_OPERATOR_NULL_RESULT')
    expect(
      code(() =>
        run(
          flatMapStream(() => [null as never]),
          ['a', 'x'],
        ),
      ),
    ).toBe('MR_OPERATOR_NULL_RESULT')
  })

  it('mapValues may return null and sees null', () => {
    expect(
      run(
        mapStreamValues((value) => (value === null ? 'was null' : null)),
        ['a', 'x'],
        ['b', null],
      ).taken(),
    ).toEqual(['a=null@0', 'b=was null@1'])
  })

  it('flatMap and flatMapValues forward each element in order, none for an empty list', () => {
    expect(
      run(
        flatMapStream(
          (value: string, key: string) =>
            [
              [value, key],
              [key, key],
            ] as const,
        ),
        ['a', 'x'],
      ).taken(),
    ).toEqual(['x=a@0', 'a=a@0'])
    expect(
      run(
        flatMapStreamValues((value: string) => value.split('')),
        ['a', 'xy'],
        ['b', ''],
      ).taken(),
    ).toEqual(['a=x@0', 'a=y@0'])
  })

  it('selectKey may give a null key', () => {
    expect(
      run(
        selectStreamKey((value) => value),
        ['a', 'x'],
        ['b', null],
      ).taken(),
    ).toEqual(['x=x@0', 'null=null@1'])
  })

  it('peek looks and passes on, foreach ends, merge passes on', () => {
    const seen: string[] = []
    const note = (value: unknown, key: unknown, context: { offset: number }): void => {
      seen.push(`${key}=${value}#${context.offset}`)
    }
    expect(run(peekStream(note), ['a', 'x']).taken()).toEqual(['a=x@0'])
    expect(run(foreachStream(note), ['b', 'y']).taken()).toEqual([])
    expect(run(passThrough(), ['c', 'z']).taken()).toEqual(['c=z@0'])
    expect(seen).toEqual(['a=x#0', 'b=y#0'])
  })

  it('print writes a line per record', () => {
    const lines: string[] = []
    const write = (line: string): void => void lines.push(line)
    run(printStream({ label: 'p', write }), ['a', 'x'], [null, null])
    run(printStream({ label: 'p', write, mapper: (value, key) => `${key}:${value}` }), ['a', 'x'])
    expect(lines).toEqual(['[p]: a, x', '[p]: null, null', '[p]: a:x'])
  })

  it('split sends a record to the first branch that wants it, else to the default or nowhere', () => {
    const branches = [
      { predicate: (value: string | null) => value === 'x', child: 'one' },
      { predicate: (_value: string | null, key: string | null) => key === 'a', child: 'two' },
    ]
    const pairs: Pair[] = [
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'y'],
    ]
    expect(run(branchStream(branches, 'rest'), ...pairs).children).toEqual(['one', 'two', 'rest'])
    expect(run(branchStream(branches, null), ...pairs).children).toEqual(['one', 'two'])
  })
})
