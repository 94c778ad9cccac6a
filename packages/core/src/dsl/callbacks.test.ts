/** Functions given to operators: asynchronous ones, and what is no function, are refused while the topology is drawn. */
import { expect, it } from 'vitest'
import { int64, json, string, StreamsBuilder, topic, tumbling } from '../index.ts'

const lines = topic('lines', { key: string(), value: string() })
const given = (fn: unknown): never => fn as never

it.each<[string, (fn: never) => unknown]>([
  ['filter', (fn) => new StreamsBuilder().stream(lines).filter(fn)],
  ['filterNot', (fn) => new StreamsBuilder().stream(lines).filterNot(fn)],
  ['mapValues', (fn) => new StreamsBuilder().stream(lines).mapValues(fn)],
  ['map', (fn) => new StreamsBuilder().stream(lines).map(fn)],
  ['flatMap', (fn) => new StreamsBuilder().stream(lines).flatMap(fn)],
  ['flatMapValues', (fn) => new StreamsBuilder().stream(lines).flatMapValues(fn)],
  ['selectKey', (fn) => new StreamsBuilder().stream(lines).selectKey(fn)],
  ['groupBy', (fn) => new StreamsBuilder().stream(lines).groupBy(fn)],
  ['reduce', (fn) => new StreamsBuilder().stream(lines).groupByKey().reduce(fn)],
])('refuses an async function and what is none, for %s', (name, draw) => {
  const refused = expect.objectContaining({ code: 'MR_TOPOLOGY_CALLBACK' })
  expect(() => draw(given(async () => true))).toThrow(refused)
  expect(() => draw(given(5))).toThrow(refused)
  expect(() => draw(given(async () => true))).toThrow(name === 'groupBy' ? 'takes a synchronous function' : name)
})

it('refuses async functions among options, joiners and functions of tables', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream(lines)
  const table = builder.table(topic('rows', { key: string(), value: int64() }))
  const refused = expect.objectContaining({ code: 'MR_TOPOLOGY_CALLBACK' })
  const later = given(async () => 0)
  expect(() => stream.groupByKey().aggregate({ init: later, add: () => 1 } as never)).toThrow(refused)
  expect(() => stream.groupByKey().aggregate({ init: () => 0, add: later } as never)).toThrow(refused)
  expect(() => stream.leftJoin(table, later)).toThrow(refused)
  expect(() => stream.join(stream, later, { within: '1m' })).toThrow(refused)
  expect(() => table.join(table, later)).toThrow(refused)
  expect(() => {
    table.filter(later)
    builder.build()
  }).toThrow(refused)
})

it('refuses a promise from any other function when it becomes bytes', () => {
  const serialize = (): unknown => json<unknown>().serialize(Promise.resolve(1))
  expect(serialize).toThrow(expect.objectContaining({ code: 'MR_SERDE_TYPE' }))
})

it('refuses a word for offsetReset that is none, and names the nearest', () => {
  const reset = (word: string): unknown => new StreamsBuilder().stream(lines, { offsetReset: given(word) })
  expect(() => reset('lates')).toThrow(/offsetReset.*"lates".*'latest'/)
  expect(() => reset('lates')).toThrow(expect.objectContaining({ code: 'MR_CONFIG_INVALID' }))
})

it('refuses values of operators that mean nothing', () => {
  const stream = new StreamsBuilder().stream(lines)
  const refused = expect.objectContaining({ code: 'MR_CONFIG_INVALID' })
  for (const partitions of [1.5, given('2')]) expect(() => stream.repartition({ partitions })).toThrow(refused)
  const emit = given('closed')
  expect(() => stream.groupByKey().windowedBy(tumbling('1m'), { emit })).toThrow(/emit: "closed".*'close'/)
})
