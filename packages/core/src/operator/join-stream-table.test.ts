/** Joins of a stream with a table, versioned or not, with grace, and with a global table; and the self-join. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeJoinBuffer, FakeTable, FakeVersionedTable, FakeWindowStore } from '../../test-support/fake-stores.ts'
import { joinWindows } from '../window/join-windows.ts'
import { joinStreamToItself } from './join-stream-self.ts'
import { joinStreamGlobalTable, joinStreamTable } from './join-stream-table.ts'
import { storedTable } from './table-value-getter.ts'

const joiner = (value: string | null, row: string | null): string => `${value}|${row}`

function table(): FakeTable<string> {
  const rows = new FakeTable<string>('t')
  rows.put('x', { value: 'X', timestampMs: 10 })
  return rows
}

describe('a stream–table join', () => {
  it('gives the row as it is now, at the time of the record; inner drops null keys and values', () => {
    const task = new FakeTask(table())
    const input = task.node(
      joinStreamTable<string | null, string | null, string, string>({
        table: storedTable('t'),
        left: false,
        joiner,
        buffer: null,
      })(),
    )
    input('x', '1', 3)
    input('y', '2', 4)
    input(null, '3', 5)
    input('x', null, 6)
    expect(task.taken()).toEqual(['x=1|X@3'])
    expect(task.dropped).toHaveLength(2)
  })

  it('gives null for a missing row or a null key when it is left, and still drops null values', () => {
    const task = new FakeTask(table())
    const input = task.node(
      joinStreamTable<string | null, string | null, string, string>({
        table: storedTable('t'),
        left: true,
        joiner,
        buffer: null,
      })(),
    )
    input('y', '2', 4)
    input(null, '3', 5)
    input('x', null, 6)
    expect(task.taken()).toEqual(['y=2|null@4', 'null=3|null@5'])
    expect(task.dropped).toHaveLength(1)
  })

  it('gives the row as it was at the time of the record when the table is versioned', () => {
    const rows = new FakeVersionedTable<string>('t')
    rows.put('x', 'old', 10)
    rows.put('x', 'new', 20)
    const task = new FakeTask(rows)
    const input = task.node(
      joinStreamTable<string, string, string, string>({ table: storedTable('t'), left: true, joiner, buffer: null })(),
    )
    for (const timestampMs of [5, 15, 25]) input('x', '1', timestampMs)
    expect(task.taken()).toEqual(['x=1|null@5', 'x=1|old@15', 'x=1|new@25'])
  })

  it('waits for the grace and gives records in the order of time; later ones are joined at once', () => {
    const rows = new FakeVersionedTable<string>('t')
    const task = new FakeTask(rows, new FakeJoinBuffer<string>('b', 10))
    const input = task.node(
      joinStreamTable<string, string, string, string>({ table: storedTable('t'), left: true, joiner, buffer: 'b' })(),
    )
    input('x', '1', 5)
    input('x', '2', 3)
    expect(task.taken()).toEqual([])
    rows.put('x', 'X', 4)
    input('x', '3', 15)
    expect(task.taken()).toEqual(['x=2|null@3', 'x=1|X@5'])
    input('x', '4', 1)
    expect(task.taken()).toEqual(['x=4|null@1'])
    input('x', '5', 30)
    expect(task.taken()).toEqual(['x=3|X@15'])
  })

  it('with grace refuses a table that is not versioned, and null keys in the left form', () => {
    const options = { table: storedTable<string | null, string>('t'), left: true, joiner, buffer: 'b' }
    const unversioned = new FakeTask(table(), new FakeJoinBuffer<string>('b', 10))
    expect(() => unversioned.node(joinStreamTable(options)())).toThrow(
      expect.objectContaining({ code: 'MR_OPERATOR_GRACE_UNVERSIONED' }),
    )
    const task = new FakeTask(new FakeVersionedTable<string>('t'), new FakeJoinBuffer<string>('b', 10))
    const input = task.node(joinStreamTable<string | null, string, string, string>(options)())
    expect(() => input(null, '1', 0)).toThrow(expect.objectContaining({ code: 'MR_OPERATOR_NULL_KEY' }))
  })

  it('with a global table maps the key, and takes null record keys', () => {
    const shape = { table: storedTable<string, string>('t'), joiner, key: (value: string | null) => value }
    const inner = new FakeTask(table())
    const left = new FakeTask(table())
    for (const [task, isLeft] of [
      [inner, false],
      [left, true],
    ] as const) {
      const input = task.node(
        joinStreamGlobalTable<string | null, string | null, string, string, string>({ ...shape, left: isLeft })(),
      )
      input('a', 'x', 1)
      input(null, 'x', 2)
      input('a', 'y', 3)
      input('a', null, 4)
    }
    expect(inner.taken()).toEqual(['a=x|X@1', 'null=x|X@2'])
    expect(left.taken()).toEqual(['a=x|X@1', 'null=x|X@2', 'a=y|null@3'])
    expect([inner.dropped.length, left.dropped.length]).toEqual([1, 1])
  })
})

describe('a self-join', () => {
  it('gives what two stores would give, in the order of time, and the record with itself once', () => {
    const store = new FakeWindowStore<string>('s', 0, true)
    const task = new FakeTask(store)
    const windows = joinWindows({ within: 10 })
    const input = task.node(joinStreamToItself<string | null, string | null, string>({ store: 's', windows, joiner })())
    input('a', '1', 0)
    store.put('a', '1', 0)
    input('a', '2', 5)
    store.put('a', '2', 5)
    expect(task.taken()).toEqual(['a=1|1@0', 'a=2|1@5', 'a=1|2@5', 'a=2|2@5'])
    input('a', '3', 2)
    expect(task.taken()).toEqual(['a=3|1@2', 'a=3|2@5', 'a=1|3@2', 'a=3|3@2', 'a=2|3@5'])
    input(null, '4', 6)
    input('a', null, 6)
    expect(task.dropped).toHaveLength(2)
  })
})
