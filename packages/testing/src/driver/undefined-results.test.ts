/** Functions of users that return undefined: an error that names operator and key, never a row or record that vanishes. */
import {
  type KStream,
  type KTable,
  type ProcessorContext,
  keyValueStore,
  session,
  sessionStore,
  sliding,
  string,
  StreamsBuilder,
  topic,
  tumbling,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from '../index.ts'

const texts = topic('texts', { key: string(), value: string() })
const rows = topic('rows', { key: string(), value: string() })
const forgot = (): never => undefined as never
const untyped = (value: unknown): any => value
const byKey = (stream: KStream<string, string>): any => stream.groupByKey()

interface Given {
  readonly stream: KStream<string, string>
  readonly table: KTable<string, string>
  readonly builder: StreamsBuilder
}
type Draw = (given: Given) => unknown

/** What processing two records with the same key throws. */
function failure(draw: Draw, onProcessingError: 'fail' | 'continue' = 'fail'): string {
  const builder = new StreamsBuilder()
  const table = builder.table(rows)
  draw({ stream: builder.stream(texts), table, builder })
  using driver = new TopologyTestDriver(builder.build(), { onProcessingError })
  try {
    for (const timestampMs of [1, 2]) {
      driver.input(rows).pipe('a', 'row', { timestampMs })
      driver.input(texts).pipe('a', 'text', { timestampMs })
    }
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { code?: string } }
    return `${cause?.code}: ${message}`
  }
  return 'nothing'
}

const fold = { init: () => 'x', add: () => 'y' }
const merge = (): string => 'm'
const cases: readonly [name: string, draw: Draw, text: string][] = [
  ['mapValues', ({ stream }) => stream.mapValues(forgot), 'mapValues returned undefined for the key "a"'],
  ['selectKey', ({ stream }) => stream.selectKey(forgot), 'selectKey returned undefined for the key "a"'],
  ['groupBy', ({ stream }) => stream.groupBy(forgot).count(), 'groupBy returned undefined'],
  ['flatMapValues', ({ stream }) => stream.flatMapValues(() => [forgot()]), 'flatMapValues (an element) returned'],
  [
    'map, a pair of nothing',
    ({ stream }) => stream.map(() => untyped([])),
    'map returned [] for the key "a"; return a pair',
  ],
  ['map, half a pair', ({ stream }) => stream.map(() => ['k', forgot()]), '[a value of type string, undefined]'],
  [
    'map, no pair',
    ({ stream }) => stream.map(() => untyped(5)),
    'a value of type number for the key "a"; return a pair',
  ],
  ['flatMap', ({ stream }) => stream.flatMap(() => [untyped([])]), 'flatMap (an element) returned []'],
  ['reduce', ({ stream }) => byKey(stream).reduce(forgot, { store: 's' }), 'reduce with store "s" returned undefined'],
  ['init', ({ stream }) => byKey(stream).aggregate({ ...fold, init: forgot }), 'aggregate (init) with store'],
  ['add', ({ stream }) => byKey(stream).aggregate({ ...fold, add: forgot }), 'aggregate (add) with store'],
  [
    'add of windows',
    ({ stream }) =>
      byKey(stream)
        .windowedBy(tumbling(5))
        .aggregate({ ...fold, add: forgot }),
    'aggregate (add)',
  ],
  ['reduce of windows', ({ stream }) => byKey(stream).windowedBy(tumbling(5)).reduce(forgot), 'reduce with store'],
  [
    'init of sliding',
    ({ stream }) =>
      byKey(stream)
        .windowedBy(sliding(5))
        .aggregate({ ...fold, init: forgot }),
    '(init)',
  ],
  [
    'add of sliding',
    ({ stream }) =>
      byKey(stream)
        .windowedBy(sliding(5))
        .aggregate({ ...fold, add: forgot }),
    '(add)',
  ],
  [
    'merge',
    ({ stream }) =>
      byKey(stream)
        .windowedBy(session(5))
        .aggregate({ ...fold, merge: forgot }),
    '(merge)',
  ],
  [
    'add of sessions',
    ({ stream }) =>
      byKey(stream)
        .windowedBy(session(5))
        .aggregate({ ...fold, merge, add: forgot }),
    '(add)',
  ],
  [
    'mapValues of a table',
    ({ table }) => table.mapValues(forgot, { store: 's' }),
    'mapValues of a table with store "s"',
  ],
  ['groupBy of a table', ({ table }) => table.groupBy(() => untyped([])).count(), 'groupBy of a table returned []'],
  [
    'subtract',
    ({ table }) => table.groupBy((v, k) => [k, v]).aggregate({ ...fold, subtract: forgot }),
    'aggregate (subtract) with store',
  ],
  [
    'a joiner of tables',
    ({ table }) =>
      table.join(
        table.filter(() => true),
        forgot,
      ),
    'the join of tables returned',
  ],
  ['a joiner of a table', ({ stream, table }) => stream.join(table, forgot), 'the join of a stream with a table'],
  [
    'a joiner of streams',
    ({ stream }) =>
      stream.join(
        stream.filter(() => true),
        forgot,
        { within: 5 },
      ),
    'of streams',
  ],
  [
    'a foreign key',
    ({ table }) => table.leftJoin(table, { foreignKey: forgot, joiner: () => 1 }),
    '(foreignKey) returned undefined for the key "a"',
  ],
  [
    'a joiner by a foreign key',
    ({ table }) => table.leftJoin(table, { foreignKey: (_, key) => key, joiner: forgot }),
    'the foreign-key join returned undefined',
  ],
]

describe('undefined is never taken for null', () => {
  it.each(cases)('%s', (_name, draw, text) => {
    expect(failure(draw)).toMatch(/^MR_OPERATOR_(UNDEFINED|PAIR): /)
    expect(failure(draw)).toContain(text)
  })

  it('is an error of user code: the processing handler decides', () => {
    expect(failure(({ stream }) => stream.mapValues(forgot), 'continue')).toBe('nothing')
  })

  it('lets null through where null was meant', () => {
    expect(failure(({ stream }) => stream.selectKey(() => null))).toBe('nothing')
    expect(failure(({ table }) => table.mapValues(() => null))).toBe('nothing')
    expect(failure(({ stream }) => byKey(stream).aggregate({ ...fold, add: () => null }))).toBe('nothing')
  })

  const serdes = { key: string(), value: string() }
  const long = { ...serdes, retention: 100, windowSize: 5, historyRetention: 100 }
  const puts: readonly [string, any, (store: any) => void][] = [
    ['key-value', keyValueStore('st', serdes), (store) => store.put('a', undefined)],
    ['key-value, putIfAbsent', keyValueStore('st', serdes), (store) => store.putIfAbsent('a', undefined)],
    ['key-value, putAll', keyValueStore('st', serdes), (store) => store.putAll([['a', undefined]])],
    ['in memory', keyValueStore('st', { ...serdes, type: 'memory' }), (store) => store.put('a', undefined)],
    [
      'window',
      windowStore('st', untyped({ ...serdes, retention: 100, windowSize: 5 })),
      (store) => store.put('a', undefined, 1),
    ],
    [
      'session',
      sessionStore('st', { ...serdes, retention: 100 }),
      (store) => store.put({ key: 'a', window: { startMs: 1, endMs: 1 } }, undefined),
    ],
    [
      'versioned',
      versionedStore('st', { ...serdes, historyRetention: long.historyRetention }),
      (store) => store.put('a', undefined, 1),
    ],
  ]
  it.each(puts)('stores: %s', (_name, handle, put) => {
    const draw: Draw = ({ stream }) =>
      stream.process({
        stores: [handle],
        create: () => {
          let store: unknown
          return {
            init: (context: ProcessorContext<string, string>) => (store = context.getStateStore('st')),
            process: () => put(store),
          } as never
        },
      })
    expect(failure(draw)).toContain('MR_STORE_UNDEFINED: ')
    expect(failure(draw)).toContain('undefined was put into store "st" for the key "a"; put a value, or null')
  })

  it('a cogroup names its store', () => {
    const draw: Draw = ({ stream }) =>
      byKey(stream)
        .cogroup({ init: () => 0, add: forgot })
        .aggregate({ store: 'both' })
    expect(failure(draw)).toContain('aggregate (add) with store "both" returned undefined')
  })
})
