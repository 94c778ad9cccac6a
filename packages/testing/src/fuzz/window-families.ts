/** Windows of all kinds: updates, final results, cogroups, suppression. */
import { greatestUpdates } from '../model/aggregate.ts'
import { cogroupUpdates, cogroupWindows } from '../model/cogroup.ts'
import { sessionUpdates } from '../model/session-updates.ts'
import { sessionCounts } from '../model/sessions.ts'
import { slidingCounts } from '../model/sliding.ts'
import { suppressedUpdates, suppressedWindows, type Suppressed, type SuppressLimits } from '../model/suppress.ts'
import { closedWindows, windowUpdates } from '../model/windows.ts'
import {
  cogroupAggregate,
  endOfTime,
  input,
  longOut,
  onClose,
  openKey,
  sessionAggregate,
  source,
  streamOut,
  tableOut,
  windowedAggregate,
  windowedCount,
  windowedOut,
} from './family-parts.ts'
import type { SeededRandom } from '../simulation/seeded-random.ts'
import type { Expectation, Family } from './fuzz-case.ts'

const grouped = (window: object): object[] => [
  source('stream', 'in'),
  { op: 'groupByKey', keySerde: 'string' },
  { op: 'windowedBy', window },
]
const closeAll = { topic: 'in', key: openKey, value: 'a', ts: endOfTime }

/** Limits of a buffer, and the options that say them. */
function limits(random: SeededRandom, whenFull: SuppressLimits['whenFull']): SuppressLimits & { readonly op: object } {
  const maxRecords = random.pick([1, 2, 9, Infinity])
  const maxBytes = random.pick([40, 80, 200, Infinity])
  const full = whenFull === 'stop' ? { full: 'shutDown' } : {}
  const op = { ...(maxRecords < Infinity ? { maxRecords } : {}), ...(maxBytes < Infinity ? { maxBytes } : {}), ...full }
  return { maxRecords, maxBytes, whenFull, op }
}

/** A record that finds a buffer full ends the run, or is reported and left out. */
const goesOn = { 'processing.exception.handler': 'log-and-continue' }

function suppressedOut({ updates, stoppedAt }: Suppressed): Expectation {
  return { compare: 'sequence', updates, ...(stoppedAt === null ? {} : { endsWith: 'MR_OPERATOR_SUPPRESS_FULL' }) }
}

export const windowFamilies: Readonly<Record<string, Family>> = {
  windows(random) {
    const size = random.pick([5, 10, 20])
    const shape = { size, advance: random.pick([size, 5]), grace: random.pick([0, 5, 30]) }
    return {
      topology: [...grouped({ type: 'time', ...shape }), ...windowedAggregate, ...windowedOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: windowUpdates(records, shape) }),
    }
  },
  suppress(random) {
    const size = random.pick([5, 10])
    const shape = { size, advance: size, grace: random.pick([0, 5, 30]) }
    const close = random.chance(0.5) ? [{ op: 'suppress', until: 'windowCloses' }] : []
    const emit = close.length === 0 ? onClose : []
    const records = input(random, { topics: ['in'], nullKeys: true })
    const lastStart = Math.max(...records.map(({ ts }) => ts - (ts % size)))
    const closesLast = lastStart + size + shape.grace
    return {
      topology: [...grouped({ type: 'time', ...shape }), ...emit, ...windowedAggregate, ...close, ...windowedOut],
      records,
      closing: [{ ...closeAll, ts: random.pick([endOfTime, closesLast]) }],
      expected: (all) => ({ compare: 'sequence', updates: closedWindows(all, shape) }),
    }
  },
  suppressTable(random) {
    const { op, ...limit } = limits(random, random.pick(['emit', 'emit', 'stop']))
    const limitMs = random.pick([0, 5, 20])
    const ends = random.chance(0.5)
    return {
      topology: [source('table', 'in'), { op: 'suppress', until: 'timeLimit', ms: limitMs, ...op }, ...tableOut],
      config: ends ? {} : goesOn,
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [{ ...closeAll, key: 'a' }],
      expected: (records) => suppressedOut(suppressedUpdates(records, { limitMs, ...limit }, ends)),
    }
  },
  suppressLimits(random) {
    const { op, ...limit } = limits(random, 'stop')
    const size = random.pick([5, 10])
    const shape = { size, advance: size, grace: random.pick([0, 5, 30]) }
    const ends = random.chance(0.5)
    const close = { op: 'suppress', until: 'windowCloses', ...op }
    return {
      topology: [...grouped({ type: 'time', ...shape }), ...windowedAggregate, close, ...windowedOut],
      config: ends ? {} : goesOn,
      records: input(random, { topics: ['in'], nullKeys: true }),
      closing: [closeAll],
      expected: (records) => suppressedOut(suppressedWindows(records, { ...shape, ...limit }, ends)),
    }
  },
  sliding(random) {
    const diff = random.pick([1, 4, 10])
    const isFinal = random.chance(0.4)
    const window = { type: 'sliding', diff, grace: isFinal ? 2000 : endOfTime }
    const emit = isFinal ? onClose : []
    return {
      topology: [...grouped(window), ...emit, ...windowedCount, ...longOut, ...windowedOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: isFinal ? [closeAll] : [],
      expected(records) {
        const all = isFinal ? records.slice(0, -1) : records
        return { compare: isFinal ? 'bag' : 'last', updates: slidingCounts(all, diff) }
      },
    }
  },
  sessions(random) {
    const gap = random.pick([0, 3, 8, 20])
    const window = { type: 'session', gap, grace: endOfTime }
    return {
      topology: [...grouped(window), { op: 'count' }, ...longOut, ...windowedOut],
      records: input(random, { topics: ['in'], nullKeys: true }),
      closing: [],
      expected: (records) => ({ compare: 'final', rows: sessionCounts(records, gap), gone: [] }),
    }
  },
  sessionUpdates(random) {
    const shape = { gap: random.pick([0, 3, 8]), grace: random.pick([0, 2, 5, 30]) }
    return {
      topology: [...grouped({ type: 'session', ...shape }), ...sessionAggregate, ...windowedOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: sessionUpdates(records, shape).updates }),
    }
  },
  sessionsOnClose(random) {
    const shape = { gap: random.pick([0, 3, 8]), grace: random.pick([0, 2, 5, 30]) }
    return {
      topology: [...grouped({ type: 'session', ...shape }), ...onClose, ...sessionAggregate, ...windowedOut],
      records: input(random, { topics: ['in'], nullKeys: true }),
      closing: [closeAll],
      expected: (records) => ({ compare: 'sequence', updates: sessionUpdates(records, shape).closed }),
    }
  },
  cogroup(random) {
    const inputs = ['l', 'r'].map((topic) => [
      source('stream', topic),
      { op: 'groupByKey', id: `${topic}s`, keySerde: 'string', valueSerde: 'string' },
    ])
    const both = [
      { op: 'cogroup', from: 'ls', aggregator: 'add', id: 'one' },
      { op: 'cogroup', from: 'one', with: 'rs', aggregator: 'key-add' },
    ]
    const records = input(random, { topics: ['l', 'r'], nullKeys: true, nullValues: true })
    if (random.chance(0.4)) {
      return {
        topology: [...inputs.flat(), ...both, { op: 'aggregate', init: '0' }, ...tableOut],
        records,
        closing: [],
        expected: (all) => ({ compare: 'sequence', updates: cogroupUpdates(all) }),
      }
    }
    const size = random.pick([5, 10])
    const shape = { size, advance: random.pick([size, 5]), grace: random.pick([0, 5, 30]) }
    const window = { op: 'windowedBy', window: { type: 'time', ...shape } }
    return {
      topology: [...inputs.flat(), ...both, window, ...cogroupAggregate, ...windowedOut],
      records,
      closing: [],
      expected: (all) => ({ compare: 'sequence', updates: cogroupWindows(all, shape) }),
    }
  },
  reduce(random) {
    const reduce = { op: 'reduce', reducer: 'max' }
    return {
      topology: [source('stream', 'in'), { op: 'groupByKey' }, reduce, ...tableOut],
      records: input(random, { topics: ['in'], nullKeys: true, nullValues: true }),
      closing: [],
      expected: (records) => ({ compare: 'sequence', updates: greatestUpdates(records) }),
    }
  },
  filter(random) {
    const records = input(random, { topics: ['in'], nullKeys: true, nullValues: true })
    return {
      topology: [source('stream', 'in'), { op: 'filter', predicate: 'true' }, ...streamOut],
      records,
      closing: [],
      expected: (all) => ({
        compare: 'sequence',
        updates: all.map(({ key, value, ts }) => ({ key: key ?? 'null', value, ts })),
      }),
    }
  },
}
