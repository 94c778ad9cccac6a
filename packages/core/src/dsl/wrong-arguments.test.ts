/** What code without types is told when an argument is of the wrong kind: the place, what is accepted, what was given. */
import { describe, expect, it } from 'vitest'
import { int64 } from '../serde/int64.ts'
import { keyValueStore } from '../store/handle.ts'
import { string } from '../serde/string.ts'
import { Topology } from '../topology/topology.ts'
import { topic } from '../topology/topic.ts'
import { StreamsBuilder } from './streams-builder.ts'

const numbers = topic('numbers', { key: string(), value: int64() })
/** Code without types. */
const untyped = (value: unknown): any => value
const told = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`
  }
  return 'accepted'
}

describe('a wrong argument is answered with what is accepted', () => {
  const stream = () => new StreamsBuilder().stream(numbers)
  const cases: readonly [name: string, action: () => unknown, text: string][] = [
    ['a topic without serdes', () => topic('x', untyped(undefined)), 'topic("x") takes { key, value }; got undefined.'],
    [
      'a topic without a value',
      () => topic('x', untyped({ key: string() })),
      'topic("x") takes a value serde such as string() or json(); got undefined.',
    ],
    [
      'a serde that was not called',
      () => topic('x', untyped({ key: string, value: int64() })),
      'topic("x") takes a key serde such as string() or json(); got the function string.',
    ],
    ['the name of a topic in stream', () => new StreamsBuilder().stream(untyped('orders')), 'stream takes a topic, as'],
    ['the name of a topic in table', () => new StreamsBuilder().table(untyped('orders')), 'got "orders".'],
    ['the name of a topic in to', () => stream().to(untyped('out')), 'to takes a topic, as'],
    ['a text as windows', () => stream().groupByKey().windowedBy(untyped('5m')), "windowedBy takes tumbling('5m')"],
    [
      'a processor in place of its supplier',
      () => new Topology().addSource('in', numbers).addProcessor('p', untyped({ process: () => undefined }), 'in'),
      'Processor "p" takes a function that makes it, or { create, stores }; got an object with process.',
    ],
  ]
  it.each(cases)('%s', (_name, action, text) => {
    expect(told(action)).toContain('MR_TOPOLOGY_ARGUMENT: ')
    expect(told(action)).toContain(text)
  })

  it('refuses suppliers that answer one object twice, or none', () => {
    const one = { process: () => undefined, transform: () => null }
    const store = keyValueStore('s', { key: string(), value: int64() })
    const suppliers: ((supplier: any) => unknown)[] = [
      (processor) => stream().process(processor),
      (processor) => stream().processValues(processor),
      (transformer) => new StreamsBuilder().table(numbers).transformValues(transformer),
      (processor) => new StreamsBuilder().addGlobalStore(store, numbers, { processor }),
      (processor) => new Topology().addSource('in', numbers).addProcessor('p', processor, 'in'),
      (processor) =>
        new Topology().addReadOnlyStateStore(store, { source: 'in', topic: numbers, name: 'p', processor }),
      (processor) => new Topology().addGlobalStore(store, { source: 'in', topic: numbers, name: 'p', processor }),
      (processor) => {
        const topology = new Topology({ processorWrapper: { wrapProcessor: () => processor } })
        return topology.addSource('in', numbers).addProcessor('p', () => ({ process: () => undefined }), 'in')
      },
    ]
    for (const give of suppliers) {
      for (const shared of [() => one, { create: () => one }, () => null])
        expect(told(() => give(shared))).toContain('MR_TOPOLOGY_SUPPLIER: ')
      expect(told(() => give(() => ({ ...one })))).toBe('accepted')
    }
  })

  it('takes validators that are functions, and the serdes of another topic', () => {
    const validator = Object.assign(() => undefined, {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
    })
    expect(topic('x', { key: string(), value: untyped(validator) }).value.name).toBe('json(test)')
    expect(topic('y', numbers).value).toBe(numbers.value)
  })
})
