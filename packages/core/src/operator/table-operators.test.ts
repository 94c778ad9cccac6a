/** Operators of tables: which changes go on, with which old values, with and without stores. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeTable, FakeVersionedTable } from '../../test-support/fake-stores.ts'
import { change } from '../record/change.ts'
import { aggregateStream, countStream, reduceStream } from './stream-aggregate.ts'
import { mergeAggregates } from './table-pass-through.ts'
import { aggregateTable, countTable, reduceTable } from './table-aggregate.ts'
import { filterTable } from './table-filter.ts'
import { mapTableValues } from './table-map-values.ts'
import { selectTable } from './table-select.ts'
import { tableSource } from './table-source.ts'
import { tableToStream } from './table-to-stream.ts'
import { transformTableValues } from './table-transform-values.ts'

type Feed = (key: unknown, value: unknown, timestampMs: number) => void
const source = (materialized: boolean): ReturnType<typeof tableSource<string, string>> =>
  tableSource<string, string>({ store: 't', materialized })
const feed = (task: FakeTask, supplier: { create(): unknown }): Feed => task.node(supplier.create() as never) as Feed

describe('a table source', () => {
  it('without a store passes changes without old values; null keys are dropped', () => {
    const task = new FakeTask()
    const input = feed(task, source(false))
    input('a', '1', 5)
    input('a', null, 6)
    input(null, '2', 7)
    expect(task.taken()).toEqual(['a=null->1@5', 'a=null->null@6'])
    expect(task.dropped).toEqual(['null key'])
  })

  it('gets a store only when somebody needs rows or old values', () => {
    const table = source(false)
    expect(table.enableSendOldValues(false)).toBe(false)
    expect(table.isMaterialized).toBe(false)
    expect(table.enableSendOldValues(true)).toBe(true)
    expect(table.isMaterialized).toBe(true)
    const other = source(false)
    expect(other.valueGetterSupplier().storeNames).toEqual(['t'])
    expect(other.isMaterialized).toBe(true)
  })

  it('with a store gives old values when asked for, and lets an older update win', () => {
    const rows = new FakeTable<string>('t')
    const task = new FakeTask(rows)
    const table = source(true)
    table.enableSendOldValues(true)
    const input = feed(task, table)
    input('a', '1', 5)
    input('a', '2', 3)
    input('a', null, 4)
    expect(task.taken()).toEqual(['a=null->1@5', 'a=1->2@3', 'a=2->null@4'])
    expect(rows.rows.size).toBe(0)
  })

  it('in a versioned store marks a change that is not the latest', () => {
    const task = new FakeTask(new FakeVersionedTable<string>('t'))
    const input = feed(task, source(true))
    input('a', '1', 5)
    input('a', '0', 3)
    expect(task.taken()).toEqual(['a=null->1@5', 'a=null->0!@3'])
  })
})

describe('a filtered table', () => {
  const predicate = (value: string): boolean => value.startsWith('x')

  it('above a table without a store forwards a deletion for every row that does not pass', () => {
    const task = new FakeTask()
    const input = feed(task, filterTable({ parent: source(false), predicate, store: null }))
    input('a', change('x1', null), 1)
    input('a', change('y', null), 2)
    input('b', change('y', null), 3)
    expect(task.taken()).toEqual(['a=null->x1@1', 'a=null->null@2', 'b=null->null@3'])
  })

  it('above a stored table leaves deletions of rows out that never passed, unless it is versioned', () => {
    const task = new FakeTask()
    const supplier = filterTable({ parent: source(true), predicate, store: null })
    const input = feed(task, supplier)
    input('a', change('y', null), 1)
    input('a', change('x', 'y'), 2)
    input('a', change('y', 'x'), 3)
    expect(task.taken()).toEqual(['a=null->x@2', 'a=x->null@3'])
    supplier.useVersionedSemantics = true
    feed(task, supplier)('a', change('y', null), 1)
    expect(task.taken()).toEqual(['a=null->null@1'])
  })

  it('looks rows up through the parent, or in its own store', () => {
    const rows = new FakeTable<string>('t')
    rows.put('a', { value: 'x', timestampMs: 1 })
    rows.put('b', { value: 'y', timestampMs: 2 })
    const task = new FakeTask(rows, new FakeTable<string>('own'))
    const getter = filterTable({ parent: source(false), predicate, negate: true, store: null })
      .valueGetterSupplier()
      .create()
    getter.init(task.context() as never)
    expect([getter.get('a'), getter.get('b')?.value, getter.get('c')]).toEqual([null, 'y', null])
    const stored = filterTable({ parent: source(false), predicate, store: 'own' })
    expect(stored.valueGetterSupplier().storeNames).toEqual(['own'])
  })

  it('with its own store takes the old value from there', () => {
    const task = new FakeTask(new FakeTable<string>('own'))
    const supplier = filterTable({ parent: source(false), predicate, store: 'own' })
    expect(supplier.enableSendOldValues(false)).toBe(true)
    const input = feed(task, supplier)
    input('a', change('x1', null), 1)
    input('a', change('y', null), 2)
    input('a', change('y', null), 3)
    expect(task.taken()).toEqual(['a=null->x1@1', 'a=x1->null@2'])
  })
})

describe('mapped and transformed tables', () => {
  it('mapValues passes deletions, and maps old values only when asked for', () => {
    const task = new FakeTask()
    const supplier = mapTableValues({ parent: source(true), mapper: (value: string) => `${value}!`, store: null })
    feed(task, supplier)('a', change('2', '1'), 1)
    expect(supplier.enableSendOldValues(false)).toBe(true)
    feed(task, supplier)('a', change(null, '1'), 2)
    expect(task.taken()).toEqual(['a=null->2!@1', 'a=1!->null@2'])
  })

  it('transformValues sees deletions and keeps state per task', () => {
    const task = new FakeTask(new FakeTable<string>('own'))
    const calls: (string | null)[] = []
    const transformer = (): { transform(value: string | null): string } => {
      let count = 0
      return {
        transform(value) {
          calls.push(value)
          return `${value}#${++count}`
        },
      }
    }
    const supplier = transformTableValues({ parent: source(false), transformer, store: 'own' })
    supplier.enableSendOldValues(false)
    const input = feed(task, supplier)
    input('a', change('x', null), 1)
    input('a', change(null, null), 2)
    expect(task.taken()).toEqual(['a=null->x#1@1', 'a=x#1->null#2@2'])
    expect(calls).toEqual(['x', null])
  })

  it('toStream gives new values only', () => {
    const task = new FakeTask()
    const input = task.node(tableToStream<string, string>()()) as Feed
    input('a', change('2', '1'), 1)
    input('a', change(null, '2'), 2)
    expect(task.taken()).toEqual(['a=2@1', 'a=null@2'])
  })
})

describe('the grouping of a table', () => {
  const selector = (value: string): readonly [string | null, string | null] => [
    value[0] ?? null,
    value.slice(1) || null,
  ]

  it('sends one record when old and new are in one group, else two, the old one first', () => {
    const task = new FakeTask()
    const input = feed(task, selectTable(selector))
    input('k', change('a2', 'a1'), 1)
    input('k', change('b2', 'a1'), 2)
    input('k', change('b2', null), 3)
    input('k', change(null, 'b2'), 4)
    expect(task.taken()).toEqual(['a=1->2@1', 'a=1->null@2', 'b=null->2@2', 'b=null->2@3', 'b=2->null@4'])
  })

  it('leaves sides with a null key or value out', () => {
    const task = new FakeTask()
    const input = feed(task, selectTable(selector))
    input('k', change('', 'a1'), 1)
    input('k', change('a', 'a1'), 2)
    expect(task.taken()).toEqual(['a=1->null@1', 'a=1->null@2'])
  })

  it.each([
    ['3.4', 2],
    ['2.8', 2],
    ['0.11.0', 2],
    ['3.5', 1],
    ['4.0', 1],
  ])('with upgrade.from %s sends %i records for one group', (version, records) => {
    const task = new FakeTask()
    task.config.set('upgrade.from', version)
    feed(task, selectTable(selector))('k', change('a2', 'a1'), 1)
    expect(task.taken()).toHaveLength(records)
  })

  it('compares keys by what they hold, and refuses null keys', () => {
    const task = new FakeTask()
    const supplier = selectTable((value: string) => [{ group: value[0] }, value] as const)
    const input = feed(task, supplier)
    input('k', change('a2', 'a1'), 1)
    expect(task.taken()).toHaveLength(1)
    expect(() => input(null, change('a', null), 1)).toThrow(expect.objectContaining({ code: 'MR_OPERATOR_NULL_KEY' }))
  })

  it('leaves changes of a versioned table out that are not the latest', () => {
    const task = new FakeTask()
    const supplier = selectTable(selector)
    supplier.useVersionedSemantics = true
    feed(task, supplier)('k', change('a2', null, false), 1)
    expect(task.taken()).toEqual([])
  })
})

describe('aggregates of grouped tables', () => {
  it('subtract before they add, in one update, at the greater time', () => {
    const task = new FakeTask(new FakeTable<string>('g'))
    const options = {
      store: 'g',
      init: () => '0',
      add: (aggregate: string, value: string) => `${aggregate}+${value}`,
      subtract: (aggregate: string, value: string) => `${aggregate}-${value}`,
    }
    const input = feed(task, aggregateTable<string, string, string>(options))
    input('a', change('1', null), 5)
    input('a', change('2', '1'), 3)
    input('a', change(null, '2'), 4)
    expect(task.taken()).toEqual(['a=null->0+1@5', 'a=null->0+1-1+2@5', 'a=null->0+1-1+2-2@5'])
    expect(() => input(null, change('1', null), 5)).toThrow(expect.objectContaining({ code: 'MR_OPERATOR_NULL_KEY' }))
  })

  it('delete the row when they are null and begin again', () => {
    const task = new FakeTask(new FakeTable<number>('g'))
    const reducer = { store: 'g', add: (one: number, two: number) => one + two, subtract: () => null }
    const input = feed(task, reduceTable<string, number>(reducer))
    input('a', change(1, null), 5)
    input('a', change(null, 1), 6)
    input('a', change(7, null), 2)
    expect(task.taken()).toEqual(['a=null->1@5', 'a=null->null@6', 'a=null->7@2'])
  })

  it('count rows', () => {
    const task = new FakeTask(new FakeTable<number>('g'))
    const input = feed(task, countTable<string, string>('g'))
    input('a', change('x', null), 1)
    input('a', change('y', null), 2)
    input('a', change(null, 'x'), 3)
    expect(task.taken()).toEqual(['a=null->1@1', 'a=null->2@2', 'a=null->1@3'])
  })
})

describe('aggregates of grouped streams', () => {
  it('drop null keys and values, keep the greatest time, and delete the row when they are null', () => {
    const rows = new FakeTable<string>('g')
    const task = new FakeTask(rows)
    const add = (aggregate: string, value: string): string | null => (value === 'gone' ? null : `${aggregate}+${value}`)
    const supplier = aggregateStream<string, string, string>({ store: 'g', init: () => '0', add })
    supplier.enableSendOldValues(true)
    const input = feed(task, supplier)
    input('a', '1', 5)
    input('a', '2', 3)
    input('a', 'gone', 9)
    input('a', '3', 4)
    input(null, '4', 4)
    input('a', null, 4)
    expect(task.taken()).toEqual(['a=0->0+1@5', 'a=0+1->0+1+2@5', 'a=0+1+2->null@9', 'a=0->0+3@4'])
    expect(task.dropped).toHaveLength(2)
  })

  it('reduce stores the first value as it is; count counts', () => {
    const task = new FakeTask(new FakeTable<number>('g'), new FakeTable<number>('c'))
    const reduce = feed(task, reduceStream<string, number>({ store: 'g', reducer: (one, two) => one * 10 + two }))
    for (const value of [1, 2, 3]) reduce('a', value, value)
    const count = feed(task, countStream<string, string>('c'))
    for (const value of ['x', 'y']) count('a', value, 1)
    expect(task.taken()).toEqual(['a=null->1@1', 'a=null->12@2', 'a=null->123@3', 'a=null->1@1', 'a=null->2@1'])
  })

  it('of a cogroup share one store and continue as one table', () => {
    const rows = new FakeTable<string>('g')
    const task = new FakeTask(rows)
    const input = (mark: string): ReturnType<typeof aggregateStream<string, string, string>> =>
      aggregateStream({ store: 'g', init: () => '0', add: (aggregate, value) => `${aggregate}${mark}${value}` })
    const inputs = [input('+'), input('*')] as const
    const merged = mergeAggregates<string, string>(inputs)
    merged.enableSendOldValues(true)
    feed(task, inputs[0])('a', '1', 1)
    feed(task, inputs[1])('a', '2', 2)
    expect(task.taken()).toEqual(['a=0->0+1@1', 'a=0+1->0+1*2@2'])
    expect(merged.valueGetterSupplier().storeNames).toEqual(['g'])
  })

  it('wait for the flush when the store caches', () => {
    const task = new FakeTask(new FakeTable<number>('c'))
    task.cached.add('c')
    feed(task, countStream<string, string>('c'))('a', 'x', 1)
    expect(task.taken()).toEqual([])
    expect(task.listeners.has('c')).toBe(true)
  })
})
