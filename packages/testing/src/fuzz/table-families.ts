/** Tables: their joins, by key and by foreign key, and their groups. */
import { foreignKeyJoin, tableTableJoin } from '../model/joins.ts'
import type { ModelRecord, ModelUpdate } from '../model/model.ts'
import { groupCounts } from '../model/table-group.ts'
import { groupUpdates, tableJoinUpdates } from '../model/table-updates.ts'
import { input, kinds, longOut, source, tableOut } from './family-parts.ts'
import type { Family } from './fuzz-case.ts'

const tables = [source('table', 'l'), source('table', 'r')]
const byFirstLetter = { op: 'groupBy', key: 'value|text|first' }

/** A left value must never meet the row of a key that it does not name. The number in a value tells its record. */
function wrongPartner(records: readonly ModelRecord[]): (update: ModelUpdate) => string | null {
  return ({ key, value }) => {
    const [left = '', right = 'null'] = (value ?? '').split('|')
    if (value === null || right === 'null') return null
    const partner = records.find((record) => record.topic === 'r' && record.value === right)
    return partner?.key === left.slice(0, 1) ? null : `key ${key} says ${value}, but ${right} is of ${partner?.key}`
  }
}

export const tableFamilies: Readonly<Record<string, Family>> = {
  tableTableJoin(random) {
    const kind = random.pick(kinds)
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar' }
    return {
      topology: [...tables, join, ...tableOut],
      records: input(random, { topics: ['l', 'r'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: tableTableJoin(records, kind), gone: [] }),
    }
  },
  tableJoinUpdates(random) {
    const kind = random.pick(kinds)
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar' }
    return {
      topology: [...tables, join, ...tableOut],
      records: input(random, { topics: ['l', 'r'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: tableJoinUpdates(records, kind) }),
    }
  },
  foreignKeyJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'l', with: 'r', foreignKey: 'value|text|first', joiner: 'bar' }
    return {
      topology: [...tables, join, ...tableOut],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [],
      partitions: random.pick([1, 2, 3]),
      expected: (records) => ({
        compare: 'final',
        rows: foreignKeyJoin(records, kind),
        gone: [],
        refuse: wrongPartner(records),
      }),
    }
  },
  foreignKeyBurst(random) {
    // Two changes of a row from one record: the answer to the first one comes when the second is already there.
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'lt', with: 'r', foreignKey: 'value|first', joiner: 'bar' }
    const burst = [source('stream', 'l'), { op: 'flatMapValues', list: 'split:,' }, { op: 'toTable', id: 'lt' }]
    const twice = (record: ModelRecord, i: number): ModelRecord =>
      record.topic === 'l' ? { ...record, value: `${random.pick(['a', 'b', 'c'])}${i},${record.value}` } : record
    const last = (record: ModelRecord): ModelRecord => ({ ...record, value: record.value?.split(',').at(-1) ?? null })
    return {
      topology: [...burst, source('table', 'r'), join, ...tableOut],
      records: input(random, { topics: ['l', 'r'] }).map(twice),
      closing: [],
      expected: (records) => ({
        compare: 'final',
        rows: foreignKeyJoin(records.map(last), kind),
        gone: [],
        refuse: wrongPartner(records),
      }),
    }
  },
  tableGroup(random) {
    return {
      topology: [source('table', 'in'), byFirstLetter, { op: 'count' }, ...longOut, ...tableOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: groupCounts(records), gone: ['0'] }),
    }
  },
  tableGroupUpdates(random) {
    const aggregate = { op: 'aggregate', init: '0', adder: 'add', subtractor: 'sub' }
    return {
      topology: [source('table', 'in'), byFirstLetter, aggregate, ...tableOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: groupUpdates(records) }),
    }
  },
}
