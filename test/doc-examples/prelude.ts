/**
 * What the examples in doc comments stand on: a few topics, and `run`, which pipes records through a small topology and
 * prints what comes out as one line of JSON. Keys of windows are printed `key@start..end`.
 */
import {
  type GlobalKTable,
  int64,
  json,
  type KStream,
  type KTable,
  string,
  StreamsBuilder,
  topic,
  type Windowed,
} from 'millrace'
import { TopologyTestDriver } from '@millrace/testing'

/** Values of the topics `orders` and `payments`, keyed by the order's id. */
export interface Order {
  readonly user: string
  readonly item: string
  readonly cents: number
}

const topics = {
  numbers: topic('numbers', { key: string(), value: int64() }),
  texts: topic('texts', { key: string(), value: string() }),
  orders: topic('orders', { key: string(), value: json<Order>() }),
  payments: topic('payments', { key: string(), value: int64() }),
  users: topic('users', { key: string(), value: string() }),
  cities: topic('cities', { key: string(), value: string() }),
  countries: topic('countries', { key: string(), value: string() }),
}
type TopicName = keyof typeof topics

/** Streams and tables of an example; each is in the topology only if it is used. */
export interface Inputs {
  readonly builder: StreamsBuilder
  readonly numbers: KStream<string, number>
  readonly texts: KStream<string, string>
  readonly orders: KStream<string, Order>
  readonly payments: KStream<string, number>
  /** Names by user id. */
  readonly users: KTable<string, string>
  /** Cities by user id. */
  readonly cities: KTable<string, string>
  /** Names of countries by code. */
  readonly countries: GlobalKTable<string, string>
}

/** `[topic, key, value, time in ms]`; the time of the record before if it is left out, 0 at first. */
export type Row = readonly [topic: TopicName, key: string | null, value: unknown, timestampMs?: number]

export const printed: string[] = []

/** Prints a value as a line. */
export function show(value: unknown): void {
  printed.push(JSON.stringify(value))
}

/** Runs records through what `define` makes and prints `[key, value]` of every result; a table gives its changes. */
export function run(
  define: (inputs: Inputs) => KStream<any, any> | KTable<any, any, any> | void,
  ...rows: readonly Row[]
): void {
  const builder = new StreamsBuilder()
  const used = new Map<TopicName, unknown>()
  const once = <T>(name: TopicName, make: () => T): T => {
    if (!used.has(name)) used.set(name, make())
    return used.get(name) as T
  }
  const made = define({
    builder,
    get numbers() {
      return once('numbers', () => builder.stream(topics.numbers))
    },
    get texts() {
      return once('texts', () => builder.stream(topics.texts))
    },
    get orders() {
      return once('orders', () => builder.stream(topics.orders))
    },
    get payments() {
      return once('payments', () => builder.stream(topics.payments))
    },
    get users() {
      return once('users', () => builder.table(topics.users))
    },
    get cities() {
      return once('cities', () => builder.table(topics.cities))
    },
    get countries() {
      return once('countries', () => builder.globalTable(topics.countries))
    },
  })
  const results: unknown[] = []
  if (made !== undefined) {
    const stream = 'toStream' in made ? (made as KTable<unknown, unknown>).toStream() : made
    stream.foreach((value: unknown, key: unknown) => void results.push([keyText(key), value]))
  }
  using driver = new TopologyTestDriver(builder.build())
  let timestampMs = 0
  for (const [name, key, value, at] of rows) {
    timestampMs = at ?? timestampMs
    driver.input(topics[name] as never).pipe(key as never, value as never, { timestampMs })
  }
  if (made !== undefined) show(results)
}

function keyText(key: unknown): unknown {
  if (typeof key !== 'object' || key === null || !('window' in key)) return key
  const { key: plain, window } = key as Windowed<string>
  return `${plain}@${window.startMs}..${window.endMs}`
}
