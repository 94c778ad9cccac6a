/**
 * Goal: how an application is run does not change what it computes. Method: the same input through the same topology on
 * an embedded broker, run in different ways — partitions, workers, cache, restarts, optimisation — and the outputs of
 * the runs compared with each other, key by key. No expectation is written down, and no JVM is needed.
 */
import {
  BrokerRig,
  type Properties,
  type Step,
  stepRecord,
  type StepRecord,
  type Vector,
} from '@millrace/testing/internal'
import { describe, expect, it } from 'vitest'

interface Case {
  readonly name: string
  readonly topology: object[]
  readonly inputs: readonly string[]
  readonly outKey?: string
  readonly outValue?: string
  /** `sequence`: all updates of a key in their order; `final`: the last one, where Kafka leaves the order between inputs free. */
  readonly compare: 'sequence' | 'final'
}

const aggregate = {
  init: '0',
  aggregator: 'add',
  materialized: { keySerde: 'string', valueSerde: 'string', store: 's' },
}
const windowedOut = [
  { op: 'toStream', key: 'key|text' },
  { op: 'to', topic: 'out' },
]
const tableOut = [{ op: 'toStream' }, { op: 'to', topic: 'out' }]
const source = (op: 'stream' | 'table', topic: string): object => ({ op, topic, id: topic })

const cases: readonly Case[] = [
  {
    name: 'a count',
    topology: [
      source('stream', 'in'),
      { op: 'groupByKey' },
      { op: 'count' },
      { op: 'toStream' },
      { op: 'to', topic: 'out' },
    ],
    inputs: ['in'],
    outValue: 'long',
    compare: 'sequence',
  },
  {
    name: 'a count by another key',
    topology: [
      source('stream', 'in'),
      { op: 'groupBy', key: 'value|text|first' },
      { op: 'count' },
      { op: 'toStream' },
      { op: 'to', topic: 'out' },
    ],
    inputs: ['in'],
    outValue: 'long',
    compare: 'final',
  },
  {
    name: 'hopping windows',
    topology: [
      source('stream', 'in'),
      { op: 'groupByKey' },
      { op: 'windowedBy', window: { type: 'time', size: 10, advance: 5, grace: 1000 } },
      { op: 'aggregate', ...aggregate },
      ...windowedOut,
    ],
    inputs: ['in'],
    compare: 'sequence',
  },
  {
    name: 'session windows',
    topology: [
      source('stream', 'in'),
      { op: 'groupByKey' },
      { op: 'windowedBy', window: { type: 'session', gap: 5, grace: 1000 } },
      { op: 'aggregate', ...aggregate, merger: 'amp' },
      ...windowedOut,
    ],
    inputs: ['in'],
    compare: 'sequence',
  },
  {
    name: 'a join of two streams',
    topology: [
      source('stream', 'left'),
      source('stream', 'right'),
      { op: 'join', from: 'left', with: 'right', joiner: 'bar', window: { diff: 6, grace: 1000 } },
      { op: 'to', topic: 'out' },
    ],
    inputs: ['left', 'right'],
    compare: 'sequence',
  },
  {
    name: 'a join of a stream with a table',
    topology: [
      source('stream', 'left'),
      source('table', 'right'),
      { op: 'leftJoin', from: 'left', with: 'right', joiner: 'bar' },
      { op: 'to', topic: 'out' },
    ],
    inputs: ['left', 'right'],
    compare: 'sequence',
  },
  {
    name: 'a join of two tables',
    topology: [
      source('table', 'left'),
      source('table', 'right'),
      { op: 'outerJoin', from: 'left', with: 'right', joiner: 'bar' },
      ...tableOut,
    ],
    inputs: ['left', 'right'],
    compare: 'sequence',
  },
  {
    name: 'a join by foreign key',
    topology: [
      source('table', 'left'),
      source('table', 'right'),
      { op: 'leftJoin', from: 'left', with: 'right', foreignKey: 'value|text|first', joiner: 'bar' },
      ...tableOut,
    ],
    inputs: ['left', 'right'],
    compare: 'final',
  },
  {
    name: 'a table grouped by another key',
    topology: [
      source('table', 'in'),
      { op: 'groupBy', key: 'value|text|first' },
      { op: 'count' },
      { op: 'toStream' },
      { op: 'to', topic: 'out' },
    ],
    inputs: ['in'],
    outValue: 'long',
    compare: 'final',
  },
]

const seed = 20261121
const recordCount = 60

/** Times that only grow, no two equal: with them the order between inputs is the same however they are split. */
function steps(inputs: readonly string[]): Step[] {
  let state = seed
  const below = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return (state >>> 16) % n
  }
  return Array.from({ length: recordCount }, (_, i): Step => {
    const topic = inputs[below(inputs.length)] ?? ''
    const value = below(8) === 0 ? null : `${'abcdefg'[below(7)]}${i}`
    return { pipe: { topic, key: 'abcdefg'[below(7)] ?? '', value, ts: 1 + 2 * i } }
  })
}

interface Way {
  readonly partitions?: number
  readonly properties?: Properties
  /** Stops after half of the input; `fresh`: the second run has nothing but the topics. */
  readonly restart?: 'kept' | 'fresh'
}

function vectorOf({ name, topology, inputs, outKey, outValue }: Case): Vector {
  const topics = { out: [outKey ?? 'string', outValue ?? 'string'] }
  const given = { name, about: '', kafka: '', topics, topology, steps: steps(inputs), expect: {} }
  return given as unknown as Vector
}

async function outputs(one: Case, way: Way): Promise<Map<string, string[]>> {
  const vector = vectorOf(one)
  await using rig = await BrokerRig.start()
  const application = rig.application(vector, 'meta', way.properties)
  await rig.createTopics(application.topics.external, way.partitions ?? 1)
  const records = vector.steps.map((step) => stepRecord(vector, step) as StepRecord)
  const split = way.restart === undefined ? records.length : records.length / 2
  await rig.send(records.slice(0, split))
  const first = await rig.run(application)
  await rig.settle(first)
  await first.stop()
  if (way.restart !== undefined) {
    await rig.send(records.slice(split))
    const second = await rig.run(rig.application(vector, 'meta', way.properties), {
      freshState: way.restart === 'fresh',
    })
    await rig.settle(second)
    await second.stop()
  }
  return byKey((await rig.read()).get('out') ?? [], one.compare)
}

function byKey(
  records: readonly { key: Uint8Array | null; value: Uint8Array | null; timestampMs: number | null }[],
  compare: Case['compare'],
): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { key, value, timestampMs } of records) {
    const name = Buffer.from(key ?? []).toString('latin1')
    const shown = `${value === null ? 'null' : Buffer.from(value).toString('latin1')}@${timestampMs}`
    found.set(name, [...(compare === 'final' ? [] : (found.get(name) ?? [])), shown])
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * Last values. What is deleted or counted down to 0 is left out, and times are, because an update that a cache takes in
 * and out again is never written.
 */
const lastOf = (all: Map<string, string[]>): [string, string][] =>
  [...all]
    .map(([key, values]): [string, string] => [key, (values.at(-1) ?? '').replace(/@\d+$/, '')])
    .filter(([, last]) => last !== 'null' && last !== '\0'.repeat(8))

describe(`how it is run does not change what is computed (seed ${seed})`, () => {
  for (const one of cases) {
    it(`${one.name}: the same over 1, 2 and 5 partitions and 1 to 3 workers`, async () => {
      const plain = await outputs(one, {})
      expect(plain.size).toBeGreaterThan(3)
      for (const [partitions, workers] of [
        [2, 1],
        [5, 3],
        [5, 2],
        [1, 2],
      ] as const) {
        const properties = { 'num.stream.threads': String(workers) }
        expect(await outputs(one, { partitions, properties }), `${partitions} partitions`).toEqual(plain)
      }
    })

    it(`${one.name}: the same after a restart in the middle, with and without its state`, async () => {
      const plain = await outputs(one, {})
      expect(await outputs(one, { restart: 'kept' })).toEqual(plain)
      expect(await outputs(one, { restart: 'fresh' })).toEqual(plain)
      expect(await outputs(one, { restart: 'fresh', partitions: 2 })).toEqual(plain)
    })

    it(`${one.name}: the same last results with a cache, and with optimisation`, async () => {
      const plain = await outputs(one, {})
      const cached = { 'statestore.cache.max.bytes': '10000000', 'commit.interval.ms': '50' }
      expect(lastOf(await outputs(one, { properties: cached }))).toEqual(lastOf(plain))
      const optimised = { 'topology.optimization': 'all' }
      expect(await outputs(one, { properties: optimised })).toEqual(plain)
      expect(await outputs(one, { properties: optimised, restart: 'fresh' })).toEqual(plain)
    })
  }
})
