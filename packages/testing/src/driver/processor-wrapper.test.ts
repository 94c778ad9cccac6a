import {
  type FixedKeyProcessorContext,
  int64,
  keyValueStore,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  type ProcessorWrapper,
  type StreamRecord,
  StreamsBuilder,
  string,
  Topology,
  topic,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const orders = topic('orders', { key: string(), value: string() })
const users = topic('users', { key: string(), value: string() })
const rates = topic('rates', { key: string(), value: int64() })
const output = topic('output', { key: string(), value: string() })
const counted = topic('counted', { key: string(), value: int64() })

interface Counts {
  readonly processorWrapper: ProcessorWrapper
  /** Records by node, of both kinds. */
  readonly records: Record<string, number>
  readonly closed: string[]
}

interface AnyProcessor<Context> {
  init?(context: Context): void
  process(record: StreamRecord<unknown, unknown>): void
  close?(): void
}

function counting(): Counts {
  const records: Record<string, number> = {}
  const closed: string[] = []
  const around = <Context>(name: string, processor: AnyProcessor<Context>): AnyProcessor<Context> => ({
    init: (context) => processor.init?.(context),
    process: (record) => {
      records[name] = (records[name] ?? 0) + 1
      processor.process(record)
    },
    close: () => {
      closed.push(name)
      processor.close?.()
    },
  })
  return {
    records,
    closed,
    processorWrapper: {
      wrapProcessor: (name, supplier) => () => around<ProcessorContext>(name, supplier.create()),
      wrapFixedKeyProcessor: (name, supplier) => () => around<FixedKeyProcessorContext>(name, supplier.create()),
    },
  }
}

const last = keyValueStore('last', { key: string(), value: string() })

/** Forwards a value with the one before it, from a store that the supplier brings. */
class Before {
  private context: FixedKeyProcessorContext<string, string> | null = null

  init(context: FixedKeyProcessorContext<string, string>): void {
    this.context = context
  }

  process(record: StreamRecord<string, string>): void {
    const store = this.context?.getStateStore(last)
    this.context?.forward({ ...record, value: `${store?.get(record.key) ?? '-'}>${record.value}` })
    store?.put(record.key, record.value)
  }
}

const ratesStore = keyValueStore('rates-store', { key: string(), value: int64() })

class Fill implements Processor<string, number> {
  private context: ProcessorContext | null = null

  init(context: ProcessorContext): void {
    this.context = context
  }

  process({ key, value }: StreamRecord<string, number>): void {
    this.context?.getStateStore(ratesStore).put(key, value)
  }
}

/** Stateless and stateful operators, a foreign-key join with default serdes, a join of streams, suppress, a global store. */
function drawn(options: { readonly processorWrapper?: ProcessorWrapper }): Topology {
  const builder = new StreamsBuilder(options)
  builder.addGlobalStore(ratesStore, rates, { processor: () => new Fill(), name: 'fill' })
  const stream = builder.stream(orders).filter((value) => value !== '', { name: 'filled' })
  stream
    .processValues({ create: () => new Before(), stores: [last] }, { name: 'before' })
    .merge(stream.join(stream, (one, other) => `${one}&${other}`, { within: '1m' }))
    .to(output)
  stream
    .groupBy((value) => value)
    .count({ name: 'count', store: 'counts' })
    .suppress({ until: '1ms', maxRecords: 1 })
    .toStream()
    .to(counted)
  stream
    .toTable({ name: 'latest' })
    .join(builder.table(users), { foreignKey: (user) => user, joiner: (order, user) => `${order}=${user}` })
    .toStream({ name: 'joined' })
    .to(output)
  return builder.build()
}

function results(topology: Topology): unknown {
  const defaults = { defaultKeySerde: string(), defaultValueSerde: string() }
  using driver = new TopologyTestDriver(topology, defaults)
  driver.input(rates).pipe('eur', 2)
  driver.input(users).pipe('ada', 'Ada', { timestampMs: 1 })
  for (const [at, value] of ['ada', '', 'bob', 'ada'].entries())
    driver.input(orders).pipe('k', value, { timestampMs: 10 * at })
  const rate = (driver.store('rates-store') as unknown as KeyValueStore<string, number>).get('eur')
  return [driver.output(output).readKeyValues(), driver.output(counted).readKeyValues(), rate]
}

describe('a processor wrapper that counts records', () => {
  it('sees those of operators, of suppliers with stores and of a global store, and changes no result', () => {
    const { processorWrapper, records, closed } = counting()
    const topology = drawn({ processorWrapper })
    const wrapped = results(topology)
    const plain = results(drawn({}))
    expect(wrapped).toEqual(plain)
    expect(topology.describe()).toBe(drawn({}).describe())
    expect(plain).toMatchObject([expect.arrayContaining([['k', '->ada']]), expect.any(Array), 2])
    expect(records).toMatchObject({ filled: 4, before: 3, count: 3, latest: 3, fill: 1 })
    const isOfTask = ({ kind, name }: { readonly kind: string; readonly name: string }): boolean =>
      kind === 'processor' && name !== 'fill'
    const nodes = topology.build().nodes.filter(isOfTask)
    expect(closed.toSorted()).toEqual(nodes.map((node) => node.name).toSorted())
  })

  it('sees those of a low-level topology', () => {
    const { processorWrapper, records } = counting()
    const topology = new Topology({ processorWrapper })
      .addSource('rates', rates)
      .addProcessor('fill', { create: () => new Fill(), stores: [ratesStore] }, 'rates')
    using driver = new TopologyTestDriver(topology)
    driver.input(rates).pipe('eur', 2)
    driver.input(rates).pipe('eur', 3)
    expect(records).toEqual({ fill: 2 })
    expect((driver.store('rates-store') as unknown as KeyValueStore<string, number>).get('eur')).toBe(3)
  })

  it('keeps the key of a fixed-key processor guarded', () => {
    const { processorWrapper } = counting()
    const builder = new StreamsBuilder({ processorWrapper })
    builder.stream(orders).processValues(() => {
      let context: FixedKeyProcessorContext<string, string> | null = null
      return {
        init: (given: FixedKeyProcessorContext<string, string>) => void (context = given),
        process: (record: StreamRecord<string, string>) => context?.forward({ ...record, key: 'other' }),
      }
    })
    using driver = new TopologyTestDriver(builder.build())
    expect(() => driver.input(orders).pipe('k', 'v')).toThrow('key')
  })
})
