/** Joins of streams with each other and with tables. */
import { globalTableJoin, selfJoin, streamStreamJoin, streamTableJoin } from '../model/joins.ts'
import { versionedJoin } from '../model/versions.ts'
import { endOfTime, input, kinds, openKey, source, streamOut } from './family-parts.ts'
import type { Family } from './fuzz-case.ts'

const streams = [source('stream', 'l'), source('stream', 'r')]

export const joinFamilies: Readonly<Record<string, Family>> = {
  streamStreamJoin(random) {
    const kind = random.pick(kinds)
    const [before, after] = [random.pick([0, 5, 10]), random.pick([0, 5, 10])]
    const window = { diff: 0, before, after, grace: 200 }
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar', window }
    return {
      topology: [...streams, join, ...streamOut],
      records: input(random, { topics: ['l', 'r'] }),
      closing: [{ topic: 'l', key: openKey, value: 'a', ts: endOfTime }],
      expected: (records) => ({
        compare: 'bag',
        updates: streamStreamJoin(records, kind, { before, after, openKey }),
      }),
    }
  },
  selfJoin(random) {
    const [before, after] = [random.pick([0, 5, 10]), random.pick([0, 5, 10])]
    const window = { diff: 0, before, after, grace: endOfTime }
    const join = { op: 'join', from: 'l', with: 'l', joiner: 'bar', window }
    return {
      topology: [source('stream', 'l'), join, ...streamOut],
      records: input(random, { topics: ['l'] }),
      closing: [],
      expected: (records) => ({ compare: 'bag', updates: selfJoin(records, { before, after }) }),
    }
  },
  streamTableJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar' }
    return {
      topology: [source('stream', 'l'), source('table', 'r'), join, ...streamOut],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: streamTableJoin(records, kind) }),
    }
  },
  globalTableJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'l', with: 'r', key: 'value|first', joiner: 'bar' }
    return {
      topology: [source('stream', 'l'), source('globalTable', 'r'), join, ...streamOut],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: globalTableJoin(records, kind) }),
    }
  },
  versionedJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const grace = random.chance(0.6) ? random.pick([0, 4, 15]) : null
    const historyMs = grace === null ? random.pick([0, 10, 1000]) : random.pick([grace, 20, 1000])
    const supplier = { kind: 'versioned', historyRetention: historyMs }
    const table = { op: 'table', topic: 'r', id: 'r', materialized: { store: 't', supplier } }
    const joined = grace === null ? {} : { joined: { grace, keySerde: 'string', valueSerde: 'string' } }
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar', ...joined }
    return {
      topology: [source('stream', 'l'), table, join, ...streamOut],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [{ topic: 'l', key: openKey, value: 'a', ts: endOfTime }],
      expected: (records) => ({ compare: 'sequence', updates: versionedJoin(records, kind, { historyMs, grace }) }),
    }
  },
}
