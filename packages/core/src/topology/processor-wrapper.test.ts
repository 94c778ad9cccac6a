import { describe, expect, it } from 'vitest'
import {
  type FixedKeyProcessor,
  int64,
  keyValueStore,
  type Processor,
  type ProcessorWrapper,
  StreamsBuilder,
  string,
  Topology,
  topic,
} from '../index.ts'
import type { ProcessorNode } from './node.ts'

const input = topic('input', { key: string(), value: int64() })
const output = topic('output', { key: string(), value: int64() })
const noSerdes = { key: null, value: null }
const store = (name: string) => keyValueStore(name, { key: string(), value: int64() })
const untyped = (given: unknown): never => given as never
const idle = (): Processor & FixedKeyProcessor => ({ process: () => undefined })

/** A wrapper that gives back what it gets and notes the names. */
function noting(): { readonly wrapper: ProcessorWrapper; readonly any: string[]; readonly fixed: string[] } {
  const any: string[] = []
  const fixed: string[] = []
  return {
    any,
    fixed,
    wrapper: {
      wrapProcessor: (name, supplier) => (any.push(name), supplier),
      wrapFixedKeyProcessor: (name, supplier) => (fixed.push(name), supplier),
    },
  }
}

/** Operators of most kinds, processors with stores of their suppliers, a global store and a global table. */
function drawn(processorWrapper?: ProcessorWrapper): Topology {
  const builder = new StreamsBuilder(processorWrapper === undefined ? {} : { processorWrapper })
  const countries = builder.globalTable(topic('countries', { key: string(), value: string() }), { store: 'countries' })
  builder.addGlobalStore(store('global'), topic('rates', { key: string(), value: int64() }), { processor: idle })
  const stream = builder.stream(input).filter((value) => value > 1)
  stream
    .mapValues((value) => value + 1)
    .processValues({ create: idle, stores: [store('fixed-store')] })
    .process({ create: idle, stores: [store('free-store')] })
  stream.join(countries, (value) => value, { key: (_, key) => key })
  stream
    .selectKey((value) => String(value))
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(output)
  return builder.build()
}

describe('a processor wrapper', () => {
  it('gets every processor of the DSL once, by its name, and those that keep the key as such', () => {
    const { wrapper, any, fixed } = noting()
    const nodes = drawn(wrapper)
      .build()
      .nodes.filter((node) => node.kind === 'processor')
    expect([...any, ...fixed].toSorted()).toEqual(nodes.map((node) => node.name).toSorted())
    expect(fixed.map((name) => name.replace(/\d+$/, ''))).toEqual([
      'KSTREAM-FILTER-',
      'KSTREAM-MAPVALUES-',
      'KSTREAM-PROCESSVALUES-',
      'counts-repartition-filter',
      'KTABLE-TOSTREAM-',
    ])
    expect(any.filter((name) => name.startsWith('KTABLE-SOURCE-'))).toHaveLength(2)
    expect(any.some((name) => name.startsWith('KSTREAM-AGGREGATE-'))).toBe(true)
  })

  it('that gives back what it got changes neither names nor stores nor the description', () => {
    const plain = drawn()
    const wrapped = drawn(noting().wrapper)
    expect(wrapped.describe()).toBe(plain.describe())
    expect(wrapped.build().stores.map(({ definition }) => definition.name)).toEqual(
      plain.build().stores.map(({ definition }) => definition.name),
    )
  })

  it('that answers functions keeps the stores that suppliers bring', () => {
    const wrapped = drawn({
      wrapProcessor: (_, supplier) => () => supplier.create(),
      wrapFixedKeyProcessor: (_, supplier) => () => supplier.create(),
    })
    expect(wrapped.describe()).toBe(drawn().describe())
    expect(wrapped.describe()).toContain('stores: [fixed-store]')
    expect(wrapped.describe()).toContain('stores: [free-store]')
  })

  it('may add stores, which are connected beside those of the supplier', () => {
    const own = store('own')
    const given: (readonly string[])[] = []
    const topology = new Topology({
      processorWrapper: {
        wrapProcessor: (_, { create, stores }) => {
          given.push(stores.map(({ name }) => name))
          return { create, stores: [store('trace')] }
        },
      },
    })
    topology.addSource('in', input).addProcessor('p', { create: idle, stores: [own] }, 'in')
    const built = topology.build()
    expect(given).toEqual([['own']])
    expect((built.node('p') as ProcessorNode).stores).toEqual(['own', 'trace'])
    expect(built.stores.map(({ definition }) => definition.name).toSorted()).toEqual(['own', 'trace'])
  })

  it('gets what is added to a low-level topology, to its global and read-only stores, and to one of the DSL', () => {
    const { wrapper, any } = noting()
    const of = (name: string) => ({ topic: `${name}-topic`, source: `${name}-source`, name, processor: idle })
    new Topology({ processorWrapper: wrapper })
      .addSource('in', input)
      .addProcessor('p', idle, 'in')
      .addGlobalStore(store('a'), of('filler'))
      .addReadOnlyStateStore(store('b'), of('reader'))
    expect(any).toEqual(['p', 'filler', 'reader'])
    const builder = new StreamsBuilder({ processorWrapper: wrapper })
    builder.stream(input, { name: 'src' })
    builder.build().addProcessor('later', idle, 'src')
    expect(any).toEqual(['p', 'filler', 'reader', 'later'])
  })

  it('replaces the processor that a task makes', () => {
    const made: unknown[] = []
    const replaced = new WeakSet<object>()
    const topology = new Topology({
      processorWrapper: {
        wrapProcessor: (_, supplier) => () => {
          expect(supplier.create()).toBe(made.at(-1))
          const other = idle()
          replaced.add(other)
          return other
        },
      },
    })
    const supplier = (): Processor => {
      made.push(idle())
      return made.at(-1) as Processor
    }
    topology.addSource('in', input).addProcessor('p', supplier, 'in')
    expect(replaced.has((topology.build().node('p') as ProcessorNode).create(noSerdes))).toBe(true)
  })

  it('may be an instance of a class with members of its own', () => {
    class Names implements ProcessorWrapper {
      readonly seen: string[] = []
      wrapProcessor: NonNullable<ProcessorWrapper['wrapProcessor']> = (name, supplier) => {
        this.seen.push(name)
        return supplier
      }
    }
    const wrapper = new Names()
    new Topology({ processorWrapper: wrapper }).addSource('in', input).addProcessor('p', idle, 'in')
    expect(wrapper.seen).toEqual(['p'])
  })

  it('that gives back what it got puts no function around that of a node', () => {
    const topology = new Topology().addSource('in', input).addProcessor('p', { create: idle }, 'in')
    const wrapped = new Topology({ processorWrapper: noting().wrapper }).addSource('in', input)
    const create = (node: Topology): string => (node.build().node('p') as ProcessorNode).create.toString()
    expect(create(wrapped.addProcessor('p', { create: idle }, 'in'))).toBe(create(topology))
  })
})

describe('a wrong processor wrapper', () => {
  const supplier = { wrapProcessor: () => 5 }
  it.each([
    ['a misspelt function', { wrapProcesor: idle }, 'MR_TOPOLOGY_OPTION', 'did you mean "wrapProcessor"?'],
    ['an empty object', {}, 'MR_TOPOLOGY_ARGUMENT', 'processorWrapper takes'],
    ['a function', idle, 'MR_TOPOLOGY_ARGUMENT', 'processorWrapper takes'],
    ['null', null, 'MR_TOPOLOGY_ARGUMENT', 'got null'],
    ['a text in it', { wrapProcessor: 'x' }, 'MR_TOPOLOGY_CALLBACK', 'wrapProcessor'],
    ['an async function', { wrapFixedKeyProcessor: async () => idle }, 'MR_TOPOLOGY_CALLBACK', 'wrapFixedKeyProcessor'],
  ])('%s is refused by name', (_, processorWrapper, code, text) => {
    for (const make of [StreamsBuilder, Topology]) {
      const action = (): unknown => new make({ processorWrapper: untyped(processorWrapper) })
      expect(action).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) as string }))
    }
  })

  it('that answers no supplier is refused with the name of the node', () => {
    const topology = new Topology({ processorWrapper: untyped(supplier) }).addSource('in', input)
    expect(() => topology.addProcessor('p', idle, 'in')).toThrow(
      'A processor from wrapProcessor("p") takes a function that makes it, or { create, stores }; got 5.',
    )
  })

  it('that brings a store to the processor of a global store is refused', () => {
    const processorWrapper: ProcessorWrapper = { wrapProcessor: () => ({ create: idle, stores: [store('trace')] }) }
    const options = { topic: 't', source: 's', name: 'filler', processor: idle }
    expect(() => new Topology({ processorWrapper }).addGlobalStore(store('a'), options)).toThrow(
      'Store "trace" of the wrapped processor "filler" is not possible',
    )
  })

  it.each([
    ['new Topology', () => new Topology(untyped({ processorWraper: {} }))],
    ['new StreamsBuilder', () => new StreamsBuilder(untyped({ processorWraper: {} }))],
    ['build', () => new StreamsBuilder().build(untyped({ processorWrapper: {} }))],
  ])('of %s that is no option there is refused', (where, action) => {
    expect(action).toThrow(
      expect.objectContaining({ code: 'MR_TOPOLOGY_OPTION', details: expect.objectContaining({ where }) as object }),
    )
  })
})
