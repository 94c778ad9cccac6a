/**
 * What the fleet computes: everything that keeps state or crosses topics, in forms whose result does not depend on how
 * partitions are interleaved: a copy, a count, a join in time, a re-keyed aggregate, and counters that only the clock
 * moves (transactions without new input).
 */
import {
  json,
  keyValueStore,
  type KeyValueStore,
  int64,
  noHeaders,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  type Topology,
} from 'millrace'
import { type FleetTopics, groupOf, numberOf, partitions, type Sum, withinMs } from './topics.ts'

const ticks = keyValueStore('ticks', { key: string(), value: int64() })

/** Counts the calls of its punctuations in its store and sends each count on. */
class Ticker implements Processor<string, string, string, number> {
  #context!: ProcessorContext<string, number>
  #store!: KeyValueStore<string, number>

  init(context: ProcessorContext<string, number>): void {
    this.#context = context
    this.#store = context.getStateStore(ticks)
    const partition = context.taskId.split('_')[1] ?? ''
    context.schedule('700ms', 'wall-clock', (nowMs) => this.#tick(`w${partition}`, nowMs))
    context.schedule('2s', 'stream-time', (streamMs) => this.#tick(`s${partition}`, streamMs))
  }

  process(): void {
    // Only time moves it.
  }

  #tick(key: string, timestampMs: number): void {
    const value = (this.#store.get(key) ?? 0) + 1
    this.#store.put(key, value)
    this.#context.forward({ key, value, timestampMs, headers: noHeaders })
  }
}

export function fleetTopology(topics: FleetTopics): Topology {
  const builder = new StreamsBuilder()
  const left = builder.stream(topics.left)
  left.to(topics.echo)
  left.groupByKey().count({ store: 'counts' }).toStream().to(topics.counts)
  left
    .join(builder.stream(topics.right), (one, other) => `${one}|${other}`, { within: withinMs, grace: '20m' })
    .to(topics.pairs)
  left.process({ create: () => new Ticker(), stores: [ticks] }).to(topics.ticks)
  left
    .selectKey((text) => groupOf(numberOf(text)))
    .repartition({ name: 'by-group', partitions, key: string(), value: string() })
    .groupByKey()
    .aggregate({
      init: (): Sum => ({ n: 0, last: '' }),
      add: ({ n }, text): Sum => ({ n: n + 1, last: text }),
      store: 'sums',
      value: json<Sum>(),
    })
    .toStream()
    .to(topics.sums)
  return builder.build()
}
