import { describe, expect, it } from 'vitest'
import type { StreamsError } from '../errors.ts'
import {
  hopping,
  int64,
  json,
  type KStream,
  type KTable,
  keyValueStore,
  lruStore,
  session,
  sessionStore,
  sliding,
  StreamsBuilder,
  string,
  Topology,
  topic,
  tumbling,
  unlimited,
  versionedStore,
  windowStore,
} from '../index.ts'

const serdes = { key: string(), value: json<{ n: number }>() }
const input = topic('input', serdes)
const output = topic('output', serdes)
const pick = (value: unknown): never => value as never
const add = (sum: number): number => sum

interface Drawn {
  readonly builder: StreamsBuilder
  readonly stream: KStream<string, { n: number }>
  readonly table: KTable<string, { n: number }>
}

function drawn(): Drawn {
  const builder = new StreamsBuilder()
  return { builder, stream: builder.stream(input), table: builder.table(topic('rows', serdes)) }
}

/** Each place with options: the call with one misspelt name, the name that was meant, and the place that the error says. */
const misspelt: readonly (readonly [where: string, meant: string | null, call: (d: Drawn) => unknown])[] = [
  ['stream', 'timestampExtractor', ({ builder }) => builder.stream(input, pick({ timestampExtracter: 'fail' }))],
  ['stream', 'value', ({ builder }) => builder.stream(/x/, pick({ key: string(), valeu: string() }))],
  ['stream', null, ({ builder }) => builder.stream(output, pick({ colour: 1 }))],
  ['table', 'store', ({ builder }) => builder.table(output, pick({ stores: 'a' }))],
  ['globalTable', 'store', ({ builder }) => builder.globalTable(output, pick({ stoer: 'a' }))],
  ['offsetReset', 'duration', ({ builder }) => builder.stream(output, { offsetReset: pick({ durations: '1h' }) })],
  ['new StreamsBuilder', 'properties', () => new StreamsBuilder(pick({ propertys: {} }))],
  ['build', 'topologyOptimization', ({ builder }) => builder.build(pick({ topologyOptimisation: 'all' }))],
  ['filter', 'name', ({ stream }) => stream.filter(() => true, pick({ nmae: 'a' }))],
  ['filterNot', 'name', ({ stream }) => stream.filterNot(() => true, pick({ nmae: 'a' }))],
  ['map', 'name', ({ stream }) => stream.map((v, k) => [k, v], pick({ named: 'a' }))],
  ['mapValues', 'name', ({ stream }) => stream.mapValues((v) => v, pick({ names: 'a' }))],
  ['flatMap', 'name', ({ stream }) => stream.flatMap((v, k) => [[k, v]], pick({ names: 'a' }))],
  ['flatMapValues', 'name', ({ stream }) => stream.flatMapValues((v) => [v], pick({ names: 'a' }))],
  ['selectKey', 'name', ({ stream }) => stream.selectKey(() => 'a', pick({ names: 'a' }))],
  ['peek', 'name', ({ stream }) => stream.peek(() => undefined, pick({ names: 'a' }))],
  ['foreach', 'name', ({ stream }) => stream.foreach(() => undefined, pick({ names: 'a' }))],
  ['print', 'label', ({ stream }) => stream.print(pick({ write: () => undefined, labels: 'a' }))],
  ['split', 'name', ({ stream }) => stream.split({ a: true }, pick({ names: 'a' }))],
  ['branch "a"', 'when', ({ stream }) => stream.split({ a: pick({ wen: true, name: null }) })],
  ['merge', 'name', ({ stream }) => stream.merge(stream, pick({ names: 'a' }))],
  ['repartition', 'partitions', ({ stream }) => stream.repartition(pick({ partition: 4 }))],
  ['to', 'partitioner', ({ stream }) => stream.to(output, pick({ partitoner: () => 0 }))],
  ['to', 'value', ({ stream }) => stream.to(() => 'output', pick({ vlaue: string() }))],
  ['toTable', 'store', ({ stream }) => stream.toTable(pick({ sotre: 'a' }))],
  ['groupByKey', 'value', ({ stream }) => stream.groupByKey(pick({ values: string() }))],
  ['groupBy', 'key', ({ stream }) => stream.groupBy(() => 'a', pick({ keys: string() }))],
  ['process', 'stores', ({ stream }) => stream.process(pick(null), pick({ store: 'a' }))],
  ['processValues', 'stores', ({ stream }) => stream.processValues(pick(null), pick({ store: 'a' }))],
  ['join', 'within', ({ stream }) => stream.join(stream, () => 1, pick({ witin: '5m' }))],
  ['leftJoin', 'grace', ({ stream }) => stream.leftJoin(stream, () => 1, pick({ within: '5m', garce: 0 }))],
  ['outerJoin', 'before', ({ stream }) => stream.outerJoin(stream, () => 1, pick({ befor: '5m', after: 0 }))],
  ['leftJoin', 'grace', ({ stream, table }) => stream.leftJoin(table, () => 1, pick({ graec: '5m' }))],
  [
    'join',
    'key',
    ({ stream, builder }) => stream.join(builder.globalTable(output), () => 1, pick({ keys: () => 'a' })),
  ],
  ['count', 'store', ({ stream }) => stream.groupByKey().count(pick({ stores: 'a' }))],
  ['reduce', 'store', ({ stream }) => stream.groupByKey().reduce((a) => a, pick({ stores: 'a' }))],
  ['aggregate', 'store', ({ stream }) => stream.groupByKey().aggregate(pick({ init: () => 0, add, stroe: 'a' }))],
  ['cogroup', 'init', ({ stream }) => stream.groupByKey().cogroup(pick({ inti: () => 0, add }))],
  ['windowedBy', 'emit', ({ stream }) => stream.groupByKey().windowedBy(tumbling('5m'), pick({ emits: 'close' }))],
  [
    'count',
    'retention',
    ({ stream }) =>
      stream
        .groupByKey()
        .windowedBy(tumbling('5m'))
        .count(pick({ retenton: '1h' })),
  ],
  [
    'aggregate',
    'merge',
    ({ stream }) =>
      stream
        .groupByKey()
        .windowedBy(session('5m'))
        .aggregate(pick({ init: () => 0, add, mrege: add })),
  ],
  ['filter', 'store', ({ table }) => table.filter(() => true, pick({ stores: 'a' }))],
  ['filterNot', 'store', ({ table }) => table.filterNot(() => true, pick({ stores: 'a' }))],
  ['mapValues', 'store', ({ table }) => table.mapValues((v) => v, pick({ sotre: 'a' }))],
  ['transformValues', 'stores', ({ table }) => table.transformValues(pick(null), pick({ sotres: [] }))],
  ['toStream', 'key', ({ table }) => table.toStream(pick({ keys: () => 1 }))],
  ['suppress', 'maxRecords', ({ table }) => table.suppress(pick({ until: '5s', maxRecord: 9 }))],
  ['groupBy', 'value', ({ table }) => table.groupBy((v, k) => [k, v], pick({ valu: string() }))],
  ['join', 'store', ({ table }) => table.join(table, () => 1, pick({ stores: 'a' }))],
  ['leftJoin', 'foreignKey', ({ table }) => table.leftJoin(table, pick({ foreginKey: () => 'a', joiner: () => 1 }))],
  ['reduce', 'subtract', ({ table }) => table.groupBy((v, k) => [k, v]).reduce(pick({ add, substract: add }))],
  ['tumbling', 'grace', () => tumbling('5m', pick({ garce: '1m' }))],
  ['hopping', 'advance', () => hopping('5m', pick({ advence: '1m' }))],
  ['sliding', 'grace', () => sliding('5m', pick({ graces: '1m' }))],
  ['session', 'grace', () => session('5m', pick({ graces: '1m' }))],
  ['unlimited', 'start', () => unlimited(pick({ strat: 5 }))],
  ['topic("t")', 'value', () => topic('t', pick({ key: string(), vlaue: int64() }))],
  ['keyValueStore("s")', 'caching', () => keyValueStore('s', pick({ cashing: true }))],
  ['windowStore("s")', 'retention', () => windowStore('s', pick({ windowSize: 5, retenton: 5 }))],
  ['sessionStore("s")', 'retention', () => sessionStore('s', pick({ retenton: 5 }))],
  ['versionedStore("s")', 'historyRetention', () => versionedStore('s', pick({ historyRetenton: 5 }))],
  ['lruStore("s")', 'entriesMax', () => lruStore('s', pick({ entrysMax: 5 }))],
  ['addSource("s")', 'offsetReset', () => new Topology().addSource('s', 'a', pick({ ofsetReset: 'latest' }))],
  ['addSink("s")', 'partitioner', () => new Topology().addSink('s', 'a', 'b', pick({ partitoner: 0 }))],
]

function errorOf(call: () => unknown): StreamsError {
  try {
    call()
  } catch (error) {
    return error as StreamsError
  }
  throw new Error('it was accepted')
}

describe('an option that nobody reads', () => {
  it.each(misspelt)('of %s is refused, and %s is proposed', (where, meant, call) => {
    const error = errorOf(() => call(drawn()))
    expect(error).toMatchObject({
      name: 'TopologyError',
      code: 'MR_TOPOLOGY_OPTION',
      details: { where, nearest: meant },
    })
    expect(error.message.startsWith(`${where} has no option "`)).toBe(true)
    expect(error.message).toContain(meant === null ? 'it takes: name' : `did you mean "${meant}"?`)
  })

  it.each([['counts'], [5], [null], [['a']]])('is told apart from %j, which is no object of options', (given) => {
    const error = errorOf(() => drawn().stream.groupByKey().count(pick(given)))
    expect(error).toMatchObject({ code: 'MR_TOPOLOGY_OPTIONS', details: { where: 'count' } })
    expect(error.message).toContain('it takes: name')
  })

  it('is not found where options are right or left out', () => {
    const { stream, table } = drawn()
    stream
      .filter(() => true, { name: 'kept' })
      .groupByKey()
      .count({ store: keyValueStore('c', { type: 'memory' }) })
    stream.join(table, (one) => one, undefined)
    expect(table.mapValues((v) => v, { name: 'mapped' }).queryableStoreName).toBeNull()
  })
})
