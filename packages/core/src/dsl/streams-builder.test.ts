/** The plan behind the DSL: names and numbers, serdes that are passed on, repartition topics, stores. */
import { describe, expect, it } from 'vitest'
import type { StreamsError } from '../errors.ts'
import type { BuiltTopology } from '../topology/built-topology.ts'
import type { SinkNode, SourceNode } from '../topology/node.ts'
import { bytes } from '../serde/bytes.ts'
import { int32 } from '../serde/int32.ts'
import { int64 } from '../serde/int64.ts'
import { json } from '../serde/json.ts'
import { nullable } from '../serde/nullable.ts'
import { string } from '../serde/string.ts'
import { keyValueStore, versionedStore, windowStore } from '../store/handle.ts'
import { topic } from '../topology/topic.ts'
import { session } from '../window/session-windows.ts'
import { tumbling } from '../window/time-windows.ts'
import { unlimited } from '../window/unlimited-windows.ts'
import { StreamsBuilder } from './streams-builder.ts'

const words = topic('words', { key: string(), value: string() })
const numbers = topic('numbers', { key: string(), value: int64() })
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as StreamsError).code
  }
  return 'none'
}
const names = (topology: BuiltTopology): string[] => topology.nodes.map(({ name }) => name)
const source = (topology: BuiltTopology, name: string): SourceNode => topology.node(name) as SourceNode
const sink = (topology: BuiltTopology, name: string): SinkNode => topology.node(name) as SinkNode

describe('names', () => {
  it('count all nodes and stores in the order of the calls', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(words)
      .groupBy((word) => word)
      .count()
      .toStream()
      .to(numbers)
    expect(names(builder.build().build())).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'KSTREAM-KEY-SELECT-0000000001',
      'KSTREAM-FILTER-0000000005',
      'KSTREAM-SINK-0000000004',
      'KSTREAM-SOURCE-0000000006',
      'KSTREAM-AGGREGATE-0000000003',
      'KTABLE-TOSTREAM-0000000007',
      'KSTREAM-SINK-0000000008',
    ])
  })

  it('that are given use up the number they replace, so that others keep theirs', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(words, { name: 'in' })
      .filter(() => true, { name: 'some' })
      .peek(() => undefined)
      .to(words, { name: 'out' })
    const topology = builder.build().build()
    expect(names(topology)).toEqual(['in', 'some', 'KSTREAM-PEEK-0000000002', 'out'])
  })

  it('of branches come from their properties, and the rest is the default branch wherever it stands', () => {
    const builder = new StreamsBuilder()
    const { rest, long } = builder.stream(words).split({ rest: true, long: (word) => word.length > 3 }, { name: 'by-' })
    rest.to(words)
    long.to(words)
    expect(names(builder.build().build())).toEqual([
      'KSTREAM-SOURCE-0000000000',
      'by-',
      'by-long',
      'by-rest',
      'KSTREAM-SINK-0000000004',
      'KSTREAM-SINK-0000000005',
    ])
  })

  it.each(['a b', '', '.', '..', 'x'.repeat(250), 'ü'])('refuse what Kafka refuses (%j)', (name) => {
    expect(codeOf(() => new StreamsBuilder().stream(words).filter(() => true, { name }))).toBe('MR_TOPOLOGY_NAME')
    expect(codeOf(() => new StreamsBuilder().table(words, { store: name }))).toBe('MR_TOPOLOGY_NAME')
  })

  it('must be given when explicit naming is required', () => {
    const unnamed = (): unknown => {
      const builder = new StreamsBuilder({ ensureExplicitInternalResourceNaming: true })
      builder
        .stream(words)
        .groupBy((word) => word)
        .count()
      return builder.build()
    }
    expect(unnamed).toThrow('KSTREAM-AGGREGATE-STATE-STORE-0000000002-changelog')
    const properties = { 'ensure.explicit.internal.resource.naming': 'true' }
    const builder = new StreamsBuilder({ properties })
    builder
      .stream(words)
      .groupBy((word) => word, { name: 'by-word' })
      .count({ store: 'counts' })
    builder.build()
    builder.table(topic('unread', { key: string(), value: string() }))
    expect(() => builder.build()).toThrow('unread-STATE-STORE-0000000006-changelog')
    const told = new StreamsBuilder()
    told.table(topic('unread', { key: string(), value: string() }))
    told.build({ properties })
  })
})

describe('sources', () => {
  it('of the same topics become one, with both branches below it', () => {
    const builder = new StreamsBuilder()
    builder.stream(words).to(words, { name: 'one' })
    builder.stream(words).to(words, { name: 'two' })
    const topology = builder.build().build()
    expect(topology.node('KSTREAM-SOURCE-0000000000').children).toEqual(['one', 'two'])
    expect(codeOf(() => topology.node('KSTREAM-SOURCE-0000000002'))).toBe('MR_TOPOLOGY_NODE_UNKNOWN')
  })

  it.each([
    [
      'overlap',
      (b: StreamsBuilder) => (b.stream(words), b.stream([words, topic('more', words)])),
      'MR_TOPOLOGY_TOPIC_OVERLAP',
    ],
    [
      'reset',
      (b: StreamsBuilder) => (b.stream(words), b.stream(words, { offsetReset: 'latest' })),
      'MR_TOPOLOGY_OFFSET_RESET',
    ],
    ['pattern', (b: StreamsBuilder) => (b.stream(words), b.stream(/w.*/, words)), 'MR_TOPOLOGY_TOPIC_PATTERN'],
    ['table', (b: StreamsBuilder) => (b.stream(words), b.table(words)), 'MR_TOPOLOGY_TOPIC_DUPLICATE'],
  ])('that cannot be one are refused when building (%s)', (_what, draw, code) => {
    const builder = new StreamsBuilder()
    draw(builder)
    expect(codeOf(() => builder.build())).toBe(code)
  })

  it('refuse nulls that are not declared, but a table takes null values', () => {
    const builder = new StreamsBuilder()
    const some = topic('some', { key: string(), value: nullable(string()) })
    builder.stream(words, { name: 's' })
    builder.stream(some, { name: 'n' })
    builder.table(numbers, { name: 't' })
    const topology = builder.build().build()
    expect(source(topology, 's')).toMatchObject({ acceptsNullKey: false, acceptsNullValue: false })
    expect(source(topology, 'n')).toMatchObject({ acceptsNullKey: false, acceptsNullValue: true })
    expect(source(topology, 't-source')).toMatchObject({ acceptsNullKey: false, acceptsNullValue: true })
  })

  it('carry extractor and reset', () => {
    const builder = new StreamsBuilder()
    builder.stream(words, { name: 's', timestampExtractor: 'wall-clock', offsetReset: { duration: '1h' } })
    expect(source(builder.build().build(), 's')).toMatchObject({
      timestampExtractor: 'wall-clock',
      offsetReset: { durationMs: 3_600_000 },
    })
  })
})

describe('serdes', () => {
  it('go on as far as types stay', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream(numbers)
    stream.filter(() => true).to(() => 'same', { name: 'same' })
    stream.mapValues(String).to(() => 'values', { name: 'values' })
    stream.selectKey(() => 1).to(() => 'keys', { name: 'keys' })
    stream.map((n, key) => [key, n]).to(() => 'both', { name: 'both' })
    stream.map((n, key) => [n, key]).to(() => 'given', { name: 'given', key: int32(), value: string() })
    const topology = builder.build().build()
    expect(sink(topology, 'same')).toMatchObject({ key: string(), value: int64() })
    expect(sink(topology, 'values')).toMatchObject({ key: string(), value: null })
    expect(sink(topology, 'keys')).toMatchObject({ key: null, value: int64() })
    expect(sink(topology, 'both')).toMatchObject({ key: null, value: null })
    expect(sink(topology, 'given')).toMatchObject({ key: int32(), value: string() })
  })

  it('reach repartition topics and stores, options first', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(numbers)
      .groupBy((n) => n, { name: 'g', key: int64() })
      .reduce((sum, n) => sum + n, { store: 'sums' })
    builder
      .stream(words)
      .groupByKey()
      .count({ store: 'counts', key: bytes() as never })
    const topology = builder.build().build()
    expect(source(topology, 'g-repartition-source')).toMatchObject({ key: int64(), value: int64() })
    const [sums, counts] = topology.stores
    expect(sums?.definition).toMatchObject({
      name: 'sums',
      key: int64(),
      value: int64(),
      kind: 'timestamped-key-value',
    })
    expect(counts?.definition).toMatchObject({ name: 'counts', key: bytes(), value: int64() })
  })

  it('of changes take the default serde when the topology is run', () => {
    const builder = new StreamsBuilder()
    builder
      .table(words)
      .groupBy((word, key) => [word, key.length], { name: 'g' })
      .count()
    const topology = builder.build()
    const named = (key: 'value'): string | undefined =>
      (
        topology
          .build({ serdes: { key: string(), value: int32() } })
          .nodes.find(({ kind }) => kind === 'sink') as SinkNode
      )[key]?.name
    expect(named('value')).toBe('change(int32)')
    expect((topology.build().nodes.find(({ kind }) => kind === 'sink') as SinkNode).value).toBeNull()
  })

  it('as keys are canonical', () => {
    const builder = new StreamsBuilder()
    builder.stream(topic('o', { key: json<{ a: 1; b: 2 }>(), value: string() })).to(() => 'x', { name: 'x' })
    const key = sink(builder.build().build(), 'x').key
    expect(Buffer.from(key?.serialize({ b: 2, a: 1 }) ?? []).toString()).toBe('{"a":1,"b":2}')
  })
})

describe('stores', () => {
  it('follow the options of the run, unless their own say otherwise', () => {
    const builder = new StreamsBuilder()
    builder.stream(words).groupByKey().count({ store: 'plain' })
    builder
      .stream(words)
      .groupByKey()
      .count({ store: keyValueStore('own', { type: 'memory', caching: false, logging: false }) })
    builder.table(numbers, { store: versionedStore('old', { historyRetention: '1d' }) })
    const topology = builder.build()
    const kinds = topology
      .build()
      .stores.map(({ definition }) => [definition.name, definition.kind, definition.type, definition.caching])
    expect(kinds).toEqual([
      ['plain', 'timestamped-key-value', 'disk', true],
      ['own', 'timestamped-key-value', 'memory', false],
      ['old', 'versioned', 'disk', false],
    ])
    expect(topology.build().stores[1]).toMatchObject({ changelogTopic: null })
    const inMemory = topology.build({ suppliers: 'in-memory', format: 'headers' }).stores
    expect(inMemory.map(({ definition }) => [definition.kind, definition.type])).toEqual([
      ['timestamped-key-value', 'memory'],
      ['timestamped-key-value', 'memory'],
      ['versioned', 'disk'],
    ])
  })

  it('of a source table exist only when somebody needs them', () => {
    const builder = new StreamsBuilder()
    builder.table(words).toStream().to(words)
    builder.table(numbers).filter((n) => n > 1, { store: 'big' })
    const topology = builder.build().build()
    expect(topology.stores.map(({ definition }) => definition.name)).toEqual(['big'])
  })

  it('must fit the operator', () => {
    const windows = windowStore('w', { windowSize: 10, retention: 10 })
    const grouped = new StreamsBuilder().stream(words).groupByKey()
    expect(codeOf(() => grouped.count({ store: windows as never }))).toBe('MR_TOPOLOGY_STORE_SHAPE')
    expect(codeOf(() => grouped.windowedBy(session(10)).count({ store: windows as never }))).toBe(
      'MR_TOPOLOGY_STORE_SHAPE',
    )
    expect(codeOf(() => grouped.windowedBy(tumbling(10, { grace: 1 })).count({ retention: 10 }))).toBe(
      'MR_TOPOLOGY_STORE_RETENTION',
    )
    expect(codeOf(() => grouped.windowedBy(unlimited(), { emit: 'close' }))).toBe('MR_WINDOW_EMIT')
  })
})

describe('building', () => {
  it('refuses suppress without windows, versioned global tables, and an unknown optimization', () => {
    const versioned = versionedStore<string, number>('v', { historyRetention: '1d' })
    const builder = new StreamsBuilder()
    const table = builder.table(numbers)
    expect(codeOf(() => table.suppress({ until: 'window-close' } as never))).toBe('MR_TOPOLOGY_UNSUPPORTED')
    expect(codeOf(() => builder.globalTable(words, { store: versioned as never }))).toBe('MR_TOPOLOGY_VERSIONED')
    expect(codeOf(() => builder.build({ topologyOptimization: 'fast' }))).toBe('MR_TOPOLOGY_OPTIMIZATION')
    expect(codeOf(() => builder.stream(words).split({ a: true, b: true }))).toBe('MR_TOPOLOGY_UNSUPPORTED')
  })

  it('finds a versioned table below which is suppressed, also through a filter', () => {
    const builder = new StreamsBuilder()
    builder
      .table(numbers, { store: versionedStore('v', { historyRetention: '1d' }) })
      .filter(() => true)
      .suppress({ until: 10 })
    expect(codeOf(() => builder.build())).toBe('MR_TOPOLOGY_VERSIONED')
  })

  it('merges repartition topics behind one change of key, keeping the first name', () => {
    const draw = (optimize: 'all' | 'none'): string[] => {
      const builder = new StreamsBuilder()
      const byWord = builder.stream(words).selectKey((word) => word)
      byWord.groupByKey().count({ store: 'one' })
      byWord
        .filter(() => true)
        .groupByKey()
        .count({ store: 'two' })
      byWord
        .mapValues((word) => word.length)
        .groupByKey()
        .count({ store: 'three' })
      return builder
        .build({ topologyOptimization: optimize })
        .build()
        .internalTopics.filter(({ kind }) => kind === 'repartition')
        .map(({ name }) => name)
    }
    expect(draw('none')).toEqual(['one-repartition', 'two-repartition', 'three-repartition'])
    expect(draw('all')).toEqual(['one-repartition', 'three-repartition'])
  })

  it('merges them below a split too, where Kafka fails', () => {
    const builder = new StreamsBuilder()
    const { a, rest } = builder
      .stream(words)
      .selectKey((word) => word)
      .split({ a: (word) => word > 'm', rest: true })
    a.groupByKey().count({ store: 'one' })
    rest.groupByKey().count({ store: 'two' })
    const topology = builder.build({ topologyOptimization: 'all' }).build()
    expect(topology.internalTopics.filter(({ kind }) => kind === 'repartition').map(({ name }) => name)).toEqual([
      'one-repartition',
    ])
    expect(topology.node('one-repartition-source').children).toEqual(['KSTREAM-BRANCH-0000000002'])
  })

  it('uses the topic of a table as its changelog when told to', () => {
    const builder = new StreamsBuilder()
    builder.table(numbers, { store: 'n' })
    const [store] = builder.build({ topologyOptimization: ['reuse.ktable.source.topics'] }).build().stores
    expect(store).toMatchObject({ changelogTopic: 'numbers', changelogIsSource: true, definition: { logging: false } })
  })

  it('drops null keys before a repartition topic, unless a left join below takes them', () => {
    const forwarded = (left: boolean): unknown[] => {
      const builder = new StreamsBuilder()
      const rekeyed = builder.stream(words).selectKey((word) => word)
      const table = builder.table(numbers)
      if (left) rekeyed.leftJoin(table, () => 1, { name: 'j' })
      else rekeyed.join(table, () => 1, { name: 'j' })
      const node = builder.build().build().node('j-repartition-filter')
      if (node.kind !== 'processor') return []
      const out: unknown[] = []
      const processor = node.create({ key: null, value: null })
      const context = { forward: (record: { key: unknown }) => out.push(record.key), recordContext: {} }
      processor.init?.(context as never)
      for (const key of ['a', null]) processor.process({ key, value: 'v', timestampMs: 0, headers: [] } as never)
      return out
    }
    expect(forwarded(false)).toEqual(['a'])
    expect(forwarded(true)).toEqual(['a', null])
  })

  it('groups topics that are joined by their partition counts', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(words)
      .repartition({ name: 'l', partitions: 2 })
      .join(builder.stream(numbers).repartition({ name: 'r', partitions: 3 }), () => 1, { within: 5 })
    expect(() => builder.build()).toThrow('l-repartition = 2, r-repartition = 3')
    const fine = new StreamsBuilder()
    fine.stream(words).join(fine.table(numbers), () => 1)
    expect(fine.build().build().subTopologies[0]?.copartitionGroups).toEqual([['words', 'numbers']])
  })

  it('lets windowed keys choose their partition without the window', () => {
    const builder = new StreamsBuilder()
    builder
      .stream(words)
      .groupByKey()
      .windowedBy(tumbling('1m'))
      .count()
      .toStream()
      .to(() => 'x', { name: 'x', value: int64() })
    builder
      .stream(words)
      .groupByKey()
      .windowedBy(session('1m'))
      .count()
      .toStream()
      .to(() => 'y', { name: 'y', value: int64() })
    builder.stream(words).to(() => 'z', { name: 'z' })
    const topology = builder.build().build()
    expect(['x', 'y', 'z'].map((name) => sink(topology, name).partitionSuffix)).toEqual([8, 16, 0])
  })
})
