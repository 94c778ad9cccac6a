/** The topologies of the benchmark, each in the words a user would write. C1 and C3 use bare clients: see client-floor.ts. */
import {
  bytes,
  hopping,
  int64,
  json,
  keyValueStore,
  type Serde,
  session,
  string,
  StreamsBuilder,
  topic,
  tumbling,
} from 'millrace'
import { type Totals, totalsSerde } from './totals.ts'

export interface WorkloadTopics {
  readonly input: readonly string[]
  readonly output: string
  readonly store: 'memory' | 'disk'
}

interface Kv {
  readonly id: string
  readonly key: string
  readonly amount: number
  readonly flag: number
  readonly pad: string
}
interface Bid {
  readonly auction: number
  readonly bidder: number
  readonly price: number
}
interface Item {
  readonly itemName: string
  readonly category: number
}
interface Person {
  readonly id: number
  readonly name: string
}
interface Sale {
  readonly id: number
}

type Built = ReturnType<StreamsBuilder['build']>
type Define = (builder: StreamsBuilder, topics: WorkloadTopics) => void

const input = <V>({ input: names }: WorkloadTopics, i: number, value: Serde<V>) =>
  topic(names[i] ?? '', { key: string(), value })
const output = <V>({ output: name }: WorkloadTopics, value: Serde<V>) => topic(name, { key: string(), value })
const stateOf = <V>({ store }: WorkloadTopics, value: Serde<V>) =>
  keyValueStore('state', { type: store, key: string(), value, caching: true })

/** Seven ASCII digits at bytes 45–51 of the value. */
function amountOf(value: Uint8Array): number {
  let amount = 0
  for (let i = 45; i <= 51; i++) amount = amount * 10 + (value[i] ?? 48) - 48
  return amount
}

const first = (amount: number): Totals => ({ n: 1, sum: amount, min: amount, max: amount })
const plus = (totals: Totals, amount: number): Totals => ({
  n: totals.n + 1,
  sum: totals.sum + amount,
  min: Math.min(totals.min, amount),
  max: Math.max(totals.max, amount),
})
const none: Totals = { n: 0, sum: 0, min: 0, max: 0 }
const add = (totals: Totals, amount: number): Totals => (totals.n === 0 ? first(amount) : plus(totals, amount))

const count: Define = (builder, topics) =>
  builder
    .stream(input(topics, 0, bytes()))
    .groupByKey()
    .count({ store: stateOf(topics, int64()) })
    .toStream()
    .to(output(topics, int64()))

const workloads: Readonly<Record<string, Define>> = {
  W1: (builder, topics) => {
    const raw = { key: bytes(), value: bytes() }
    builder
      .stream(topic(topics.input[0] ?? '', raw))
      .filter(() => true)
      .to(topic(topics.output, raw))
  },
  W1j: (builder, topics) =>
    builder
      .stream(input(topics, 0, json<Kv>()))
      .filter((value) => value.flag === 1)
      .mapValues((value) => ({ ...value, amount: value.amount * 2 }))
      .to(output(topics, json<Kv>())),
  W2: (builder, topics) =>
    builder
      .stream(input(topics, 0, json<Bid>()))
      .filter((bid) => bid.price >= 1_000_100)
      .mapValues((bid) => ({ ...bid, price: Math.floor((bid.price * 908) / 1_000) }))
      .to(output(topics, json<Bid>())),
  W3: count,
  W3z: count,
  W4: (builder, topics) =>
    builder
      .stream(input(topics, 0, bytes()))
      .groupByKey()
      .aggregate({
        init: () => none,
        add: (totals, value) => add(totals, amountOf(value)),
        store: stateOf(topics, totalsSerde),
      })
      .toStream()
      .to(output(topics, totalsSerde)),
  W4j: (builder, topics) =>
    builder
      .stream(input(topics, 0, json<Kv>()))
      .groupByKey()
      .aggregate({
        init: () => none,
        add: (totals, value) => add(totals, value.amount),
        store: stateOf(topics, json<Totals>()),
      })
      .toStream()
      .to(output(topics, json<Totals>())),
  W5: (builder, topics) =>
    builder
      .stream(input(topics, 0, bytes()))
      .groupByKey()
      .windowedBy(hopping('10s', { advance: '2s', grace: '5s' }))
      .count()
      .toStream()
      .map((n, { key, window }) => [`${key}@${window.startMs}`, n])
      .to(output(topics, int64())),
  W5t: (builder, topics) =>
    builder
      .stream(input(topics, 0, bytes()))
      .groupByKey()
      .windowedBy(tumbling('60s', { grace: '30s' }))
      .count()
      .toStream()
      .map((n, { key, window }) => [`${key}@${window.startMs}`, n])
      .to(output(topics, int64())),
  W6: (builder, topics) => {
    const items = builder.table(input(topics, 1, json<Item>()), { store: stateOf(topics, json<Item>()) })
    builder
      .stream(input(topics, 0, json<Bid>()))
      .join(items, ({ auction, bidder, price }, { itemName, category }) => {
        return { auction, bidder, price, itemName, category }
      })
      .to(output(topics, json<Bid & Item>()))
  },
  W7: (builder, topics) => {
    const sales = builder.stream(input(topics, 1, json<Sale>()))
    builder
      .stream(input(topics, 0, json<Person>()))
      .join(sales, (person, sale) => ({ person: person.id, name: person.name, auction: sale.id }), {
        within: '10s',
        grace: '10s',
      })
      .to(output(topics, json<{ person: number; name: string; auction: number }>()))
  },
  W8: (builder, topics) =>
    builder
      .stream(input(topics, 0, json<Bid>()))
      .selectKey((bid) => String(bid.bidder))
      .repartition({ name: 'by-bidder', partitions: 4, key: string(), value: json<Bid>() })
      .groupByKey()
      .count({ store: stateOf(topics, int64()) })
      .toStream()
      .to(output(topics, int64())),
  W9: (builder, topics) =>
    builder
      .stream(input(topics, 0, bytes()))
      .groupByKey()
      .windowedBy(session('5s', { grace: '30s' }))
      .count()
      .toStream()
      .map((n, { key, window }) => [`${key}@${window.startMs}@${window.endMs}`, n])
      .to(output(topics, int64())),
}

export const workloadNames: readonly string[] = Object.keys(workloads)

/** The built topology of a workload; undefined when there is none of that name. */
export function workloadTopology(name: string, topics: WorkloadTopics): Built | undefined {
  const define = workloads[name]
  if (define === undefined) return undefined
  const builder = new StreamsBuilder()
  define(builder, topics)
  return builder.build({ topologyOptimization: 'all' })
}
