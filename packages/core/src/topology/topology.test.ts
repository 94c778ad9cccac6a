/** The low-level topology: what is refused, how it falls into parts, what must exist in the cluster, and Kafka's text. */
import { describe, expect, it } from 'vitest'
import type { StreamsError } from '../errors.ts'
import { nullable } from '../serde/nullable.ts'
import { string } from '../serde/string.ts'
import { keyValueStore, windowStore } from '../store/handle.ts'
import { internalTopicConfig } from './internal-topic.ts'
import { Topology } from './topology.ts'
import { topic } from './topic.ts'

const idle = () => ({ process: () => undefined })
const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as StreamsError).code
  }
  return 'none'
}
const chain = (): Topology =>
  new Topology().addSource('src', 'in').addProcessor('p', idle, 'src').addSink('snk', 'out', 'p')

describe('a topology', () => {
  it.each([
    ['a node twice', (t: Topology) => t.addProcessor('p', idle, 'src'), 'MR_TOPOLOGY_NODE_DUPLICATE'],
    ['an unknown parent', (t: Topology) => t.addProcessor('q', idle, 'nope'), 'MR_TOPOLOGY_PARENT_UNKNOWN'],
    ['itself as parent', (t: Topology) => t.addProcessor('q', idle, 'q'), 'MR_TOPOLOGY_PARENT_UNKNOWN'],
    ['no parent', (t: Topology) => t.addSink('q', 'out', []), 'MR_TOPOLOGY_PARENT_MISSING'],
    ['a sink as parent', (t: Topology) => t.addProcessor('q', idle, 'snk'), 'MR_TOPOLOGY_PARENT_SINK'],
    ['no topic', (t: Topology) => t.addSource('q', []), 'MR_TOPOLOGY_TOPIC_MISSING'],
    ['a topic twice', (t: Topology) => t.addSource('q', ['other', 'in']), 'MR_TOPOLOGY_TOPIC_DUPLICATE'],
    ['a topic twice in one source', (t: Topology) => t.addSource('q', ['a', 'a']), 'MR_TOPOLOGY_TOPIC_DUPLICATE'],
    ['a pattern over a topic', (t: Topology) => t.addSource('q', /i./), 'MR_TOPOLOGY_TOPIC_PATTERN'],
    [
      'a topic under a pattern',
      (t: Topology) => t.addSource('q', /x.*/).addSource('r', 'xy'),
      'MR_TOPOLOGY_TOPIC_PATTERN',
    ],
    ['an unknown store', (t: Topology) => t.connectProcessorAndStateStores('p', 's'), 'MR_TOPOLOGY_STORE_UNKNOWN'],
    ['no store', (t: Topology) => t.connectProcessorAndStateStores('p', []), 'MR_TOPOLOGY_STORE_MISSING'],
    ['a store at a sink', (t: Topology) => t.addStateStore(keyValueStore('s'), 'snk'), 'MR_TOPOLOGY_STORE_NODE'],
    ['a store at no node', (t: Topology) => t.addStateStore(keyValueStore('s'), 'nope'), 'MR_TOPOLOGY_NODE_UNKNOWN'],
    [
      'two stores of one name',
      (t: Topology) => t.addStateStore(keyValueStore('s'), 'p').addStateStore(keyValueStore('s'), 'p'),
      'MR_TOPOLOGY_STORE_DUPLICATE',
    ],
  ])('refuses %s', (_what, add, code) => {
    expect(codeOf(() => add(chain()))).toBe(code)
  })

  it('takes a pattern that matches only a part of a name, since whole names are matched', () => {
    expect(codeOf(() => chain().addSource('q', /n/))).toBe('none')
  })

  it('takes one definition twice as one store, and cannot be changed once it is built', () => {
    const store = keyValueStore('s')
    const topology = chain().addStateStore(store, 'p').addStateStore(store, 'p')
    expect(topology.build().stores.map(({ definition }) => definition)).toEqual([store])
    expect(codeOf(() => topology.addSource('late', 'x'))).toBe('MR_TOPOLOGY_FROZEN')
  })

  it('falls into parts by edges and shared stores, numbered by their first source', () => {
    const topology = new Topology()
      .addSource('a', 'a')
      .addSource('b', 'b')
      .addSource('c', 'c')
      .addProcessor('pc', idle, 'c')
      .addProcessor('pa', idle, 'a')
      .addProcessor('pb', idle, 'b')
      .addStateStore(keyValueStore('s'), ['pa', 'pc'])
    const parts = topology.build().subTopologies
    expect(parts.map(({ id, nodes }) => [id, nodes])).toEqual([
      [0, ['a', 'c', 'pc', 'pa']],
      [1, ['b', 'pb']],
    ])
    expect(parts[0]?.stores).toEqual(['s'])
    expect(parts[0]?.sourceTopics).toEqual(['a', 'c'])
  })

  it('keeps global stores out of the parts, but gives them a number', () => {
    const built = chain()
      .addGlobalStore(keyValueStore('g'), { topic: 'all', source: 'gs', name: 'gp', processor: idle })
      .addSource('z', 'z')
      .build()
    expect(built.subTopologies.map(({ id }) => id)).toEqual([0, 2])
    expect(built.globalStores).toMatchObject([
      {
        topic: 'all',
        source: 'gs',
        processor: 'gp',
        reprocessOnRestore: true,
        definition: { logging: false, sourceTopic: 'all' },
      },
    ])
    expect(codeOf(() => built.node('gp'))).toBe('none')
    expect(built.describe()).toContain('Sub-topology: 1 for global store (will not generate tasks)')
  })

  it('fills a read-only store from its topic, which is its changelog', () => {
    const built = new Topology()
      .addReadOnlyStateStore(keyValueStore('r'), { topic: 'rows', source: 's', name: 'p', processor: idle })
      .build()
    expect(built.stores).toMatchObject([{ changelogTopic: 'rows', changelogIsSource: true }])
    expect(built.internalTopics).toEqual([])
    expect(built.node('s')).toMatchObject({ offsetReset: 'earliest' })
  })

  it('says which topics must exist, and puts the application id before internal ones only', () => {
    const windows = windowStore('w', { windowSize: 10, retention: 1000, logging: { 'segment.ms': '5' } })
    const built = chain().addStateStore(windows, 'p').build()
    const [changelog] = built.internalTopics
    expect(changelog).toMatchObject({ name: 'w-changelog', kind: 'changelog', store: 'w', partitions: null })
    expect(built.topicName('w-changelog', 'app')).toBe('app-w-changelog')
    expect(built.topicName('out', 'app')).toBe('out')
    const options = { topicConfig: { 'segment.ms': '9', 'min.insync.replicas': '2' }, additionalRetentionMs: 24 }
    expect(internalTopicConfig(changelog as never, options)).toEqual({
      'cleanup.policy': 'compact,delete',
      'message.timestamp.type': 'CreateTime',
      'min.insync.replicas': '2',
      'segment.ms': '5',
      'retention.ms': '1024',
    })
  })

  it('lists a child twice when it names its parent twice', () => {
    const built = new Topology().addSource('s', 'in').addProcessor('p', idle, ['s', 's']).build()
    expect(built.node('s').children).toEqual(['p', 'p'])
  })

  it('refuses nulls of typed topics that do not declare them, and takes them from topics given by name', () => {
    const typed = topic('typed', { key: nullable(string()), value: string() })
    const built = new Topology().addSource('s', typed).addSource('t', 'plain').build()
    expect(built.node('s')).toMatchObject({ acceptsNullKey: true, acceptsNullValue: false })
    expect(built.node('t')).toMatchObject({ acceptsNullKey: true, acceptsNullValue: true, key: null })
  })

  it('describes itself as Kafka does', () => {
    expect(chain().addStateStore(keyValueStore('s'), 'p').describe().split('\n')).toEqual([
      'Topologies:',
      '   Sub-topology: 0',
      '    Source: src (topics: [in])',
      '      --> p',
      '    Processor: p (stores: [s])',
      '      --> snk',
      '      <-- src',
      '    Sink: snk (topic: out)',
      '      <-- p',
      '',
      '',
    ])
  })

  it('is described however deep it is (2,000 nodes in a row)', () => {
    const topology = new Topology().addSource('n0', 'in')
    for (let i = 1; i < 2000; i++) topology.addProcessor(`n${i}`, idle, `n${i - 1}`)
    expect(topology.describe().split('\n')).toHaveLength(2 + 2 + 3 * 1999 + 2)
  })
})
