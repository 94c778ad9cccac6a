/**
 * What the compiler says: the twelve lines compile without one annotation, and each wrong use of the public face fails with
 * a message that names the mistake. Run through the compiler's own interface, over snippets that exist only here.
 */
import { join } from 'node:path'
import ts from 'typescript-api'
import { beforeAll, describe, expect, it } from 'vitest'

const prelude = `
import {
  StreamsBuilder, type KStream, type KTable, type StandardSchema, type Windowed, hopping, int64, json, keyValueStore, nullable,
  session, sliding, string, topic, tumbling, unlimited, versionedStore,
} from '@millrace/core'
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A, B>(..._: Equal<A, B> extends true ? [] : [never]): void
interface Order { id: string; user: string; amount: number }
interface User { name: string }
type Event = { kind: 'web'; url: string } | { kind: 'shop'; till: number }
const builder = new StreamsBuilder()
const orders = builder.stream(topic('orders', { key: string(), value: json<Order>() }))
const users = builder.table(topic('users', { key: string(), value: json<User>() }))
const events = builder.stream(topic('events', { key: string(), value: json<Event>() }))
`

const right: Record<string, string> = {
  'the twelve lines': `
    const sentences = topic('sentences', { key: string(), value: string() })
    const counts = topic('word-counts', { key: string(), value: int64() })
    builder
      .stream(sentences)
      .flatMapValues((sentence) => sentence.toLowerCase().match(/\\p{L}+/gu) ?? [])
      .groupBy((word) => word)
      .count({ store: 'counts' })
      .toStream()
      .to(counts)`,
  'types of stateless operators': `
    same<typeof orders, KStream<string, Order>>()
    const amounts = orders.mapValues((order) => order.amount)
    same<typeof amounts, KStream<string, number>>()
    const pairs = orders.map((order) => [order.user, order.amount])
    same<typeof pairs, KStream<string, number>>()
    const tiers = orders.selectKey((order) => order.amount > 9 ? 'gold' : 'std')
    same<typeof tiers, KStream<'gold' | 'std', Order>>()
    const both = amounts.merge(pairs)
    same<typeof both, KStream<string, number>>()`,
  'streams and tables of narrower types': `
    const ids = (stream: KStream<string, { id: string }>): KStream<string, string> => stream.mapValues((value) => value.id)
    ids(orders)
    const rows: KTable<string, { name: string }, null> = users
    const tiers: KStream<string, Order> = orders.selectKey((order) => order.amount > 9 ? 'gold' : 'std')
    void rows, tiers`,
  'branches narrowed by guards': `
    const { web, shop, rest } = events.split({
      web: (event) => event.kind === 'web', shop: { when: (event) => event.kind === 'shop', name: 'till' }, rest: true })
    web.mapValues((event) => event.url)
    shop.mapValues((event) => event.till)
    same<typeof rest, KStream<string, Event>>()
    events.filter((event) => event.kind === 'web').mapValues((event) => event.url)`,
  'null where it can be, and only there': `
    const some = builder.stream(topic('some', { key: nullable(string()), value: nullable(int64()) }))
    same<typeof some, KStream<string | null, number | null>>()
    const sums = some.groupByKey().reduce((sum, value) => sum + value)
    same<typeof sums, KTable<string, number, never>>()
    const emptied = some.groupByKey().reduce((sum, value) => sum > 9 ? null : sum + value).toStream()
    same<typeof emptied, KStream<string, number | null>>()
    const fromTable = users.toStream()
    same<typeof fromTable, KStream<string, User | null>>()
    const counted = orders.groupByKey().count().toStream()
    same<typeof counted, KStream<string, number>>()
    const filtered = orders.groupByKey().count().filter((n) => n > 1).toStream()
    same<typeof filtered, KStream<string, number | null>>()
    const sessions = orders.groupByKey().windowedBy(session('30m')).count().toStream()
    same<typeof sessions, KStream<Windowed<string>, number | null>>()
    const windows = orders.groupByKey().windowedBy(tumbling('5m')).count().toStream()
    same<typeof windows, KStream<Windowed<string>, number>>()
    fromTable.to(topic('out', { key: string(), value: json<User>() }))`,
  'aggregates whose init fixes the type': `
    const totals = orders.groupByKey().aggregate({
      init: () => ({ n: 0, total: 0 }), add: (sum, order) => ({ n: sum.n + 1, total: sum.total + order.amount }), store: 'totals' })
    same<typeof totals, KTable<string, { n: number; total: number }, never>>()
    const perUser = users.groupBy((user, id) => [user.name, id]).aggregate({
      init: () => 0, add: (n) => n + 1, subtract: (n) => n - 1 })
    same<typeof perUser, KTable<string, number, never>>()
    const longest = orders.groupByKey().windowedBy(session('5m')).aggregate({
      init: () => '', add: (all, order) => all + order.id, merge: (one, two) => one + two })
    same<typeof longest, KTable<Windowed<string>, string, null>>()
    const mixed = orders.groupByKey().cogroup({ init: () => 0, add: (sum, order) => sum + order.amount })
      .cogroup(events.groupByKey(), (sum, event) => event.kind === 'shop' ? sum + event.till : sum).aggregate()
    same<typeof mixed, KTable<string, number, never>>()`,
  'joins of all kinds': `
    const withUser = orders.join(users, (order, user) => ({ ...order, name: user.name }))
    same<typeof withUser, KStream<string, { name: string; id: string; user: string; amount: number }>>()
    orders.leftJoin(users, (order, user) => user?.name ?? order.id)
    orders.join(events, (order, event) => order.id + event.kind, { within: '5m', grace: '1m' })
    orders.outerJoin(events, (order, event) => order?.id ?? event?.kind, { before: '5m', after: 0 })
    const cities = builder.globalTable(topic('cities', { key: int64(), value: string() }))
    const located = orders.join(cities, (order, city) => city + order.id, { key: (order) => order.amount })
    same<typeof located, KStream<string, string>>()
    const named = builder.table(topic('n', { key: int64(), value: json<{ owner: string }>() }))
      .join(users, { foreignKey: (row) => row.owner, joiner: (row, user) => user.name + row.owner, store: 'named' })
    same<typeof named, KTable<number, string, null>>()
    users.outerJoin(users, (one, two) => (one ?? two)?.name ?? '')`,
  'windows, suppress, stores': `
    orders.groupByKey().windowedBy(hopping('5m', { advance: '1m', grace: 0 }), { emit: 'close' }).count({ retention: '1h' })
    orders.groupByKey().windowedBy(sliding('5m')).reduce((one) => one).suppress({ until: 'window-close' })
    orders.groupByKey().windowedBy(unlimited()).count().suppress({ until: '30s', maxRecords: 9, whenFull: 'emit' })
    orders.groupByKey().count({ store: keyValueStore('counts', { key: string(), value: int64(), type: 'memory' }) })
    builder.table(topic('p', { key: string(), value: int64() }), { store: versionedStore('prices', { historyRetention: '7d' }) })`,
  'validators as serdes': `
    declare const schema: StandardSchema<unknown, { id: string }>
    const checked = builder.stream(topic('checked', { key: string(), value: schema }))
    same<typeof checked, KStream<string, { id: string }>>()`,
}

const wrong: Record<string, readonly [code: string, ...mentions: string[]]> = {
  'a value that lacks a field': [
    `orders.mapValues((o) => ({ amount: o.amount })).to(topic('t', { key: string(), value: json<{ amount: number; user: string }>() }))`,
    "'user'",
  ],
  'a join on different key types': [
    `orders.join(builder.table(topic('n', { key: int64(), value: string() })), (order) => order)`,
    'string',
    'number',
  ],
  'a stream join on different key types': [
    `orders.join(builder.stream(topic('n', { key: int64(), value: string() })), (order) => order, { within: '5m' })`,
    'string',
    'number',
  ],
  'an asynchronous mapper': ['orders.mapValues(async (order) => order.amount)', 'mapAsync'],
  'an asynchronous pair mapper': ['orders.map(async (order) => [order.id, order.amount])', 'mapAsync'],
  'an asynchronous grouping': ['orders.groupBy(async (order) => order.id)', 'mapAsync'],
  'an asynchronous action': ['orders.foreach(async (order) => { order.id })', 'mapAsync'],
  'an asynchronous joiner': ['orders.join(users, async (order, user) => user.name + order.id)', 'mapAsync'],
  'windows as text': [`orders.groupByKey().windowedBy('5 minutes')`, "tumbling('5m')", "session('30m')"],
  'an aggregate of another type than its beginning': [
    'orders.groupByKey().aggregate({ init: () => 0, add: (total) => String(total) })',
    'number',
  ],
  'the window of an un-windowed key': ['orders.mapValues((order, key) => key.window)', 'window'],
  'a duration without a unit': [`orders.groupByKey().windowedBy(tumbling('5 minutes'))`, '5 minutes'],
  'a window close without windows': ['orders.groupByKey().count().suppress({ until: "window-close" })', 'Windowed'],
  'a sink with the wrong key': [`orders.to(topic('t', { key: int64(), value: json<Order>() }))`, 'number', 'string'],
  'an unknown option': [`orders.groupByKey().count({ stores: 'counts' })`, "'stores'"],
}

const root = join(import.meta.dirname, '../../../..')
const fileOf = (group: string, index: number): string =>
  join(root, `packages/core/src/dsl/snippet-${group}-${index}.ts`)
const messages = new Map<string, string[]>()

beforeAll(() => {
  const texts = new Map<string, string>()
  Object.values(right).forEach((code, i) => texts.set(fileOf('right', i), prelude + code))
  Object.values(wrong).forEach(([code], i) => texts.set(fileOf('wrong', i), prelude + code))
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.esnext.collection.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['source'],
    types: [],
  }
  const host = ts.createCompilerHost(options)
  const [fileExists, readFile, getSourceFile] = [
    host.fileExists.bind(host),
    host.readFile.bind(host),
    host.getSourceFile.bind(host),
  ]
  host.fileExists = (path) => texts.has(path) || fileExists(path)
  host.readFile = (path) => texts.get(path) ?? readFile(path)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const text = texts.get(path)
    return text === undefined
      ? getSourceFile(path, languageVersion, ...rest)
      : ts.createSourceFile(path, text, languageVersion, true)
  }
  const platform = join(root, 'packages/core/src/platform.d.ts')
  const program = ts.createProgram([platform, ...texts.keys()], options, host)
  for (const path of texts.keys()) {
    const source = program.getSourceFile(path) as ts.SourceFile
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    messages.set(
      path,
      found.map((problem) => ts.flattenDiagnosticMessageText(problem.messageText, '\n')),
    )
  }
}, 60_000)

describe('types of the DSL', () => {
  it.each(Object.keys(right).map((name, i) => [name, i] as const))('accept %s', (_name, i) => {
    expect(messages.get(fileOf('right', i))).toEqual([])
  })

  it.each(Object.entries(wrong).map(([name, [, ...mentions]], i) => [name, i, mentions] as const))(
    'refuse %s, and say what is wrong',
    (_name, i, mentions) => {
      const text = (messages.get(fileOf('wrong', i)) ?? []).join('\n')
      expect(text).not.toBe('')
      for (const mention of mentions) expect(text).toContain(mention)
    },
  )
})
