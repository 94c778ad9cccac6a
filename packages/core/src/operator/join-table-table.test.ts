/** Table–table joins: every event of the table of results, for each kind and side; look-ups of the joined rows. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeTable } from '../../test-support/fake-stores.ts'
import { change } from '../record/change.ts'
import { mergeJoinedTables } from './join-merge.ts'
import { joinTables, type TableJoinKind } from './join-table-table.ts'
import { tableSource, type TableSource } from './table-source.ts'

const joiner = (left: string | null, right: string | null): string => `(${left},${right})`

interface Join {
  readonly task: FakeTask
  readonly left: TableSource<string, string>
  readonly right: TableSource<string, string>
  readonly rows: { readonly left: FakeTable<string>; readonly right: FakeTable<string> }
}

function sources(): Join {
  const rows = { left: new FakeTable<string>('left'), right: new FakeTable<string>('right') }
  const left = tableSource<string, string>({ store: 'left', materialized: false })
  const right = tableSource<string, string>({ store: 'right', materialized: false })
  return { task: new FakeTask(rows.left, rows.right), left, right, rows }
}

/** What one change of a side gives while the other row is there, and while it is not. */
function results(kind: TableJoinKind, side: 'left' | 'right', from: string | null, to: string | null): string[][] {
  return [true, false].map((present) => {
    const { task, left, right, rows } = sources()
    if (present) rows[side === 'left' ? 'right' : 'left'].put('k', { value: 'o', timestampMs: 7 })
    const supplier = joinTables({ kind, side, left, right, joiner })
    supplier.enableSendOldValues(true)
    task.node(supplier.create() as never)('k' as never, change(to, from) as never, 5)
    return task.taken()
  })
}

describe('a table–table join', () => {
  it('inner: needs both rows', () => {
    expect(results('inner', 'left', null, 'n')).toEqual([['k=null->(n,o)@7'], []])
    expect(results('inner', 'left', 'p', null)).toEqual([['k=(p,o)->null@7'], []])
    expect(results('inner', 'right', 'p', 'n')).toEqual([['k=(o,p)->(o,n)@7'], []])
  })

  it('left: needs the left row', () => {
    expect(results('left', 'left', null, 'n')).toEqual([['k=null->(n,o)@7'], ['k=null->(n,null)@5']])
    expect(results('left', 'left', 'p', null)).toEqual([['k=(p,o)->null@7'], ['k=(p,null)->null@5']])
    expect(results('left', 'left', null, null)[1]).toEqual([])
    expect(results('left', 'right', null, 'n')).toEqual([['k=(o,null)->(o,n)@7'], []])
    expect(results('left', 'right', 'p', null)).toEqual([['k=(o,p)->(o,null)@7'], []])
  })

  it('outer: needs one of them', () => {
    expect(results('outer', 'left', null, 'n')).toEqual([['k=(null,o)->(n,o)@7'], ['k=null->(n,null)@5']])
    expect(results('outer', 'left', 'p', null)).toEqual([['k=(p,o)->(null,o)@7'], ['k=(p,null)->null@5']])
    expect(results('outer', 'right', 'p', null)).toEqual([['k=(o,p)->(o,null)@7'], ['k=(null,p)->null@5']])
    expect(results('outer', 'right', null, null)[1]).toEqual([])
  })

  it('gives both tables a store, and tells each side which stores it reads', () => {
    const { left, right } = sources()
    const one = joinTables({ kind: 'inner', side: 'left', left, right, joiner })
    const two = joinTables({ kind: 'inner', side: 'right', left, right, joiner })
    expect([left.isMaterialized, right.isMaterialized]).toEqual([true, true])
    expect([one.otherStores, two.otherStores]).toEqual([['right'], ['left']])
  })

  it('leaves changes of a versioned side out that are not the latest, counted', () => {
    const { task, left, right, rows } = sources()
    rows.right.put('k', { value: 'o', timestampMs: 1 })
    const supplier = joinTables({ kind: 'inner', side: 'left', left, right, joiner })
    supplier.useVersionedSemantics = true
    const input = task.node(supplier.create() as never) as (key: unknown, value: unknown, timestampMs: number) => void
    input('k', change('n', null, false), 5)
    input(null, change('n', null), 5)
    expect(task.taken()).toEqual([])
    expect(task.dropped).toHaveLength(2)
  })

  it('computes rows from both tables when the result has no store', () => {
    const { task, left, right, rows } = sources()
    rows.left.put('l', { value: '1', timestampMs: 3 })
    rows.left.put('b', { value: '2', timestampMs: 4 })
    rows.right.put('b', { value: '3', timestampMs: 9 })
    rows.right.put('r', { value: '4', timestampMs: 5 })
    const found = (['inner', 'left', 'outer'] as const).map((kind) => {
      const one = joinTables({ kind, side: 'left', left, right, joiner })
      const two = joinTables({ kind, side: 'right', left, right, joiner })
      const view = mergeJoinedTables({ left: one, right: two, store: null }).valueGetterSupplier()
      expect(view.storeNames).toEqual(['left', 'right'])
      const getter = view.create()
      getter.init(task.context() as never)
      return ['l', 'b', 'r', 'none'].map((key) => {
        const row = getter.get(key)
        return row === null ? null : `${row.value}@${row.timestampMs}`
      })
    })
    expect(found).toEqual([
      [null, '(2,3)@9', null, null],
      ['(1,null)@3', '(2,3)@9', null, null],
      ['(1,null)@3', '(2,3)@9', '(null,4)@5', null],
    ])
  })

  it('merges both sides, with a store if the result is named, old values only when asked for', () => {
    const { left, right } = sources()
    const one = joinTables({ kind: 'inner', side: 'left', left, right, joiner })
    const two = joinTables({ kind: 'inner', side: 'right', left, right, joiner })
    const result = new FakeTable<string>('result')
    const task = new FakeTask(result)
    const plain = mergeJoinedTables<string, string>({ left: one, right: two, store: null })
    task.node(plain.create() as never)('k' as never, change('n', 'p') as never, 5)
    expect(task.taken()).toEqual(['k=null->n@5'])
    const stored = mergeJoinedTables<string, string>({ left: one, right: two, store: 'result' })
    stored.enableSendOldValues(true)
    task.node(stored.create() as never)('k' as never, change('n', 'p') as never, 5)
    expect(task.taken()).toEqual(['k=p->n@5'])
    expect(result.get('k')?.value).toBe('n')
  })
})
