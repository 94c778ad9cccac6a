/** Wrong input of code without types: refused where the topology is drawn, not at the first record, and never ignored. */
import { describe, expect, it } from 'vitest'
import {
  type KStream,
  type KTable,
  hopping,
  int64,
  keyValueStore,
  session,
  sessionWindowed,
  string,
  StreamsBuilder,
  timeWindowed,
  topic,
  tumbling,
} from '../index.ts'

const texts = topic('texts', { key: string(), value: string() })
const rows = topic('rows', { key: string(), value: string() })
const numbers = topic('numbers', { key: string(), value: int64() })
const any = (value: unknown): any => value

interface Given {
  readonly builder: StreamsBuilder
  readonly stream: KStream<string, string>
  readonly table: KTable<string, string>
}

function told(draw: (given: Given) => unknown): string {
  const builder = new StreamsBuilder()
  const given = { builder, stream: builder.stream(texts), table: builder.table(rows) }
  try {
    draw(given)
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`
  }
  return 'accepted'
}

type Case = readonly [name: string, draw: (given: Given) => unknown, ...texts: string[]]
const other = (): KStream<string, string> => new StreamsBuilder().stream(texts)
const otherTable = (): KTable<string, string> => new StreamsBuilder().table(rows)
const grouped = (table: KTable<string, string>): any => table.groupBy((value, key) => [value, key])
const first = (one: unknown): any => one

const cases: readonly Case[] = [
  ['peek without a function', ({ stream }) => stream.peek(any(null)), 'MR_TOPOLOGY_CALLBACK: peek takes', 'not null'],
  ['foreach without a function', ({ stream }) => stream.foreach(any(null)), 'MR_TOPOLOGY_CALLBACK: foreach takes'],
  ['print without write', ({ stream }) => stream.print(any({})), 'print, option write, takes'],
  ['an aggregate without init', ({ stream }) => stream.groupByKey().aggregate(any({ add: first })), 'option init,'],
  ['an aggregate of nothing', ({ stream }) => stream.groupByKey().aggregate(any(undefined)), 'aggregate, option init,'],
  [
    'a windowed aggregate without add',
    ({ stream }) =>
      stream
        .groupByKey()
        .windowedBy(tumbling(5))
        .aggregate(any({ init: () => 0 })),
    'aggregate, option add, takes a synchronous function, not undefined',
  ],
  [
    'a session aggregate without merge',
    ({ stream }) =>
      stream
        .groupByKey()
        .windowedBy(session(5))
        .aggregate(any({ init: () => 0, add: first })),
    'aggregate, option merge,',
  ],
  [
    'a session cogroup without merge',
    ({ stream }) =>
      stream
        .groupByKey()
        .cogroup({ init: () => 'a', add: first })
        .windowedBy(session(5))
        .aggregate(any({})),
    'aggregate, option merge,',
  ],
  [
    'a cogroup without add',
    ({ stream }) => stream.groupByKey().cogroup(any({ init: () => 'a' })),
    'cogroup, option add,',
  ],
  [
    'a grouped table without subtract',
    ({ table }) => grouped(table).aggregate({ init: () => 0, add: first }),
    'aggregate, option subtract,',
  ],
  ['its reduce without subtract', ({ table }) => grouped(table).reduce({ add: first }), 'reduce, option subtract,'],
  [
    'a global table without a key',
    ({ builder, stream }) => stream.join(builder.globalTable(numbers), first, any(undefined)),
    'join, option key,',
  ],
  ['a foreign-key join without its functions', ({ table }) => table.join(table, any({})), 'join, option foreignKey,'],
  [
    'a foreign-key join of nothing',
    ({ table }) => table.leftJoin(table, any(undefined)),
    'leftJoin, option foreignKey,',
  ],
  [
    'an outer join by a foreign key',
    ({ table }) => table.outerJoin(table, any({ foreignKey: first, joiner: first })),
    'MR_TOPOLOGY_UNSUPPORTED: outerJoin by a foreign key is not possible',
    'leftJoin',
  ],
  ['maxBytes below 0', ({ table }) => table.suppress({ until: '5s', maxBytes: -1 }), 'maxBytes', '-1', 'from 0 on'],
  [
    'maxRecords as text',
    ({ table }) => table.suppress({ until: '5s', maxRecords: any('five') }),
    'maxRecords',
    '"five"',
  ],
  ['whenFull misspelt', ({ table }) => table.suppress({ until: '5s', whenFull: any('stopp') }), "'stop'"],
  [
    'an early result until the window closes',
    ({ stream }) =>
      stream
        .groupByKey()
        .windowedBy(tumbling(5))
        .count()
        .suppress(any({ until: 'window-close', maxRecords: 1, whenFull: 'emit' })),
    'whenFull',
    '"emit"',
    "'stop'",
  ],
  [
    'a store of an unknown type',
    () => keyValueStore('k', { type: any('rocks') }),
    'MR_STORE_DEFINITION',
    '"rocks"',
    "'disk'",
  ],
  ['a store whose name is no text', () => keyValueStore(any(5)), 'MR_TOPOLOGY_ARGUMENT: A store takes a name'],
  [
    'a node whose name is no text',
    ({ stream }) => stream.filter(() => true, any({ name: 5 })),
    'MR_TOPOLOGY_NAME',
    '"5"',
  ],
  [
    'a processor whose name is no text',
    ({ stream }) => stream.process(() => ({ process: first }), any({ name: 5 })),
    'MR_TOPOLOGY_NAME',
  ],
  [
    'a join with two windows',
    ({ stream }) => stream.join(stream, first, { within: 50, before: 0, after: 0 }),
    "join takes a window for two streams: { within: '5m' }, or { before: '5m', after: 0 }; got",
    'within, before, after',
  ],
  ['a join without a window', ({ stream }) => stream.join(stream, first, any({})), "{ within: '5m' }", 'nothing in it'],
  ['merge with another builder', ({ stream }) => stream.merge(other()), 'MR_TOPOLOGY_BUILDER: merge was given'],
  [
    'a join with a stream of another builder',
    ({ stream }) => stream.join(other(), first, { within: 5 }),
    '_BUILDER: join',
  ],
  [
    'a join with a table of another builder',
    ({ stream }) => stream.leftJoin(otherTable(), first),
    '_BUILDER: leftJoin',
  ],
  [
    'a join with a global table of another builder',
    ({ stream }) => stream.join(new StreamsBuilder().globalTable(rows), first, { key: first }),
    'MR_TOPOLOGY_BUILDER: join',
  ],
  ['tables of two builders', ({ table }) => table.outerJoin(otherTable(), first), 'MR_TOPOLOGY_BUILDER: outerJoin'],
  [
    'a cogroup of two builders',
    ({ stream }) =>
      stream
        .groupByKey()
        .cogroup({ init: () => 'a', add: first })
        .cogroup(other().groupByKey(), first),
    'MR_TOPOLOGY_BUILDER: cogroup',
  ],
  ['split of nothing', ({ stream }) => stream.split(any(null)), 'MR_TOPOLOGY_ARGUMENT: split takes', 'got null'],
  [
    'a branch that is no condition',
    ({ stream }) => stream.split(any({ a: 5 })),
    'split, branch "a", takes a synchronous',
  ],
  [
    'merge with nothing',
    ({ stream }) => stream.merge(any(null)),
    'MR_TOPOLOGY_ARGUMENT: merge takes a stream; got null',
  ],
  [
    'a join with nothing',
    ({ stream }) => stream.join(any(null), first, { within: 5 }),
    'join takes a stream, a table or',
  ],
  [
    'hopping without an advance',
    () => hopping('5m', any(undefined)),
    "hopping takes a size and a distance: hopping('5m', {",
  ],
  [
    'a store that is null',
    ({ stream }) => stream.groupByKey().count({ store: any(null) }),
    'The option store takes a name',
  ],
  ['windows longer than time', () => tumbling(2 ** 60), '1 to 9007199254740991 whole milliseconds'],
  ['groupBy of nothing', ({ stream }) => stream.groupBy(any(null)), 'MR_TOPOLOGY_CALLBACK: groupBy takes'],
]

describe('wrong input is refused while the topology is drawn', () => {
  it.each(cases.map(([name, draw, ...mentions]) => [name, draw, mentions] as const))('%s', (_name, draw, mentions) => {
    for (const mention of mentions) expect(told(draw)).toContain(mention)
    expect(told(draw)).toMatch(/^MR_/)
  })

  it('lets limits of zero and without end through, and windows with one side each', () => {
    expect(told(({ table }) => table.suppress({ until: '5s', maxRecords: 0, maxBytes: Infinity }))).toBe('accepted')
    expect(told(({ stream }) => stream.join(stream, first, { before: 5, after: 0 }))).toBe('accepted')
  })
})

describe('serdes of windowed keys', () => {
  it('take a size as every duration is given', () => {
    const key = { key: 'k', window: { startMs: 5, endMs: 300_005 } }
    const serde = timeWindowed(string(), '5m')
    expect(serde.deserialize(serde.serialize(key, 't'), 't')).toEqual(key)
    expect(timeWindowed(string(), Infinity).deserialize(serde.serialize(key, 't'), 't').window.endMs).toBe(Infinity)
  })

  it.each<[string, unknown, string]>([
    ['a size below 0', -1, 'MR_WINDOW_SIZE_RANGE: timeWindowed: size is -1 ms; give 0 to'],
    ['no size', undefined, 'MR_CONFIG_DURATION: '],
    ['a text that is no duration', '5 minutes', '5 minutes'],
  ])('refuse %s', (_name, size, text) => {
    expect(told(() => timeWindowed(string(), any(size)))).toContain(text)
  })

  it('refuse what is no serde', () => {
    expect(told(() => timeWindowed(any(string), 5))).toContain('timeWindowed takes the serde of the keys')
    expect(told(() => sessionWindowed(any(undefined)))).toContain('sessionWindowed takes the serde of the keys')
  })
})
