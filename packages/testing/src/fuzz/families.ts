/** Random topologies with their models: one family per kind of operator. */
import type { Vector } from '../conformance/vector.ts'
import { foreignKeyJoin, type JoinKind, streamStreamJoin, streamTableJoin, tableTableJoin } from '../model/joins.ts'
import type { ModelRecord, ModelUpdate } from '../model/model.ts'
import { sessionCounts } from '../model/sessions.ts'
import { groupCounts } from '../model/table-group.ts'
import { closedWindows, windowUpdates } from '../model/windows.ts'
import type { SeededRandom } from '../simulation/seeded-random.ts'

/** What a model says of the output of topic `out`. */
export type Expectation =
  /** All updates of each key in their order. */
  | { readonly compare: 'sequence'; readonly updates: readonly ModelUpdate[] }
  /** All updates of each key in any order. */
  | { readonly compare: 'bag'; readonly updates: readonly ModelUpdate[] }
  /** The last value of each key; `gone` says which values mean that there is none. */
  | { readonly compare: 'final'; readonly rows: ReadonlyMap<string, string>; readonly gone: readonly string[] }

/** A random topology with its input. Shrinking takes records away; the last ones, `closing`, stay. */
export interface FuzzCase {
  readonly family: string
  readonly topology: readonly object[]
  readonly config: NonNullable<Vector['config']>
  readonly records: readonly ModelRecord[]
  readonly closing: readonly ModelRecord[]
  expected(records: readonly ModelRecord[]): Expectation
}

type Family = (random: SeededRandom) => Omit<FuzzCase, 'family' | 'config'>

/** A key that no other record has, and a time so late that every window before it has closed. */
const openKey = 'z'
const endOfTime = 1_000_000
/** Retention of windows: longer than all inputs, so that only grace decides what is late and what is emitted. */
const keptMs = 2 * endOfTime

const source = (op: 'stream' | 'table', topic: string): object => ({ op, topic, id: topic })
const tableOut = [{ op: 'toStream' }, { op: 'to', topic: 'out' }]
const windowedOut = [
  { op: 'toStream', key: 'key|text' },
  { op: 'to', topic: 'out' },
]
const windowedAggregate = [
  {
    op: 'aggregate',
    init: '0',
    aggregator: 'add',
    materialized: { store: 's', keySerde: 'string', valueSerde: 'string', retention: keptMs },
  },
]
const longOut = [{ op: 'mapValues', value: 'text' }]
const kinds: readonly JoinKind[] = ['join', 'leftJoin', 'outerJoin']

interface InputShape {
  readonly topics: readonly string[]
  readonly nullKeys?: boolean
  readonly nullValues?: boolean
}

/** Times that mostly grow, with records that are late, equal, and far ahead. */
function input(random: SeededRandom, { topics, nullKeys = false, nullValues = false }: InputShape): ModelRecord[] {
  let now = random.between(0, 20)
  return Array.from({ length: random.between(2, 24) }, (_, i) => {
    if (random.chance(0.7)) now += random.between(0, random.chance(0.1) ? 80 : 8)
    const ts = random.chance(0.3) ? Math.max(0, now - random.between(0, 25)) : now
    const key = nullKeys && random.chance(0.05) ? null : random.pick(['a', 'b', 'c'])
    const value = nullValues && random.chance(0.2) ? null : `${random.pick(['a', 'b', 'c'])}${i}`
    return { topic: random.pick(topics), key, value, ts }
  })
}

const families: Readonly<Record<string, Family>> = {
  windows(random) {
    const size = random.pick([5, 10, 20])
    const shape = { size, advance: random.pick([size, 5]), grace: random.pick([0, 5, 30]) }
    const window = { type: 'time', ...shape }
    const steps = [{ op: 'groupByKey' }, { op: 'windowedBy', window }, ...windowedAggregate, ...windowedOut]
    return {
      topology: [source('stream', 'in'), ...steps],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: windowUpdates(records, shape) }),
    }
  },
  suppress(random) {
    const size = random.pick([5, 10])
    const shape = { size, advance: size, grace: random.pick([0, 5, 30]) }
    const window = { type: 'time', ...shape }
    const close = random.chance(0.5) ? [{ op: 'suppress', until: 'windowCloses' }] : []
    const emit = close.length === 0 ? [{ op: 'emitStrategy', on: 'windowClose' }] : []
    const aggregate = [{ op: 'windowedBy', window }, ...emit, ...windowedAggregate, ...close]
    const records = input(random, { topics: ['in'], nullKeys: true })
    const lastStart = Math.max(...records.map(({ ts }) => ts - (ts % size)))
    const closesLast = lastStart + size + shape.grace
    return {
      topology: [source('stream', 'in'), { op: 'groupByKey' }, ...aggregate, ...windowedOut],
      records,
      closing: [{ topic: 'in', key: openKey, value: 'a', ts: random.pick([endOfTime, closesLast]) }],
      expected: (all) => ({ compare: 'sequence', updates: closedWindows(all, shape) }),
    }
  },
  sessions(random) {
    const gap = random.pick([0, 3, 8, 20])
    const window = { type: 'session', gap, grace: endOfTime }
    const steps = [{ op: 'groupByKey' }, { op: 'windowedBy', window }, { op: 'count' }, ...longOut, ...windowedOut]
    return {
      topology: [source('stream', 'in'), ...steps],
      records: input(random, { topics: ['in'], nullKeys: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: sessionCounts(records, gap), gone: [] }),
    }
  },
  streamStreamJoin(random) {
    const kind = random.pick(kinds)
    const [before, after] = [random.pick([0, 5, 10]), random.pick([0, 5, 10])]
    const window = { diff: 0, before, after, grace: 200 }
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar', window }
    const last = { key: openKey, value: 'a', ts: endOfTime }
    return {
      topology: [source('stream', 'l'), source('stream', 'r'), join, { op: 'to', topic: 'out' }],
      records: input(random, { topics: ['l', 'r'] }),
      closing: [{ topic: 'l', ...last }],
      expected: (records) => ({
        compare: 'bag',
        updates: streamStreamJoin(records, kind, { before, after, openKey }),
      }),
    }
  },
  streamTableJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar' }
    return {
      topology: [source('stream', 'l'), source('table', 'r'), join, { op: 'to', topic: 'out' }],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: streamTableJoin(records, kind) }),
    }
  },
  tableTableJoin(random) {
    const kind = random.pick(kinds)
    const join = { op: kind, from: 'l', with: 'r', joiner: 'bar' }
    return {
      topology: [source('table', 'l'), source('table', 'r'), join, ...tableOut],
      records: input(random, { topics: ['l', 'r'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: tableTableJoin(records, kind), gone: [] }),
    }
  },
  foreignKeyJoin(random) {
    const kind = random.pick(kinds.slice(0, 2))
    const join = { op: kind, from: 'l', with: 'r', foreignKey: 'value|text|first', joiner: 'bar' }
    return {
      topology: [source('table', 'l'), source('table', 'r'), join, ...tableOut],
      records: input(random, { topics: ['l', 'r'], nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: foreignKeyJoin(records, kind), gone: [] }),
    }
  },
  tableGroup(random) {
    const group = { op: 'groupBy', key: 'value|text|first' }
    return {
      topology: [source('table', 'in'), group, { op: 'count' }, ...longOut, ...tableOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: groupCounts(records), gone: ['0'] }),
    }
  },
}

/** The families by name. */
export const familyNames: readonly string[] = Object.keys(families)

/** A random case of a family picked at random. */
export function randomCase(random: SeededRandom): FuzzCase {
  const family = random.pick(familyNames)
  const make = families[family] as Family
  const optimised = random.chance(0.3) ? { 'topology.optimization': 'all' } : {}
  const inMemory = random.chance(0.2) ? { 'dsl.store.suppliers.class': 'in-memory' } : {}
  return { family, config: { 'statestore.cache.max.bytes': '0', ...optimised, ...inMemory }, ...make(random) }
}
