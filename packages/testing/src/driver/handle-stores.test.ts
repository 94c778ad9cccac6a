/** Stores of tables by their handles: bare values, as the handle says; by their names, the rows with their times. */
import {
  int64,
  keyValueStore,
  type ProcessorContext,
  string,
  StreamsBuilder,
  topic,
  tumbling,
  windowStore,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from '../index.ts'

const texts = topic('texts', { key: string(), value: string() })
const serdes = { key: string(), value: int64() }
const counts = keyValueStore('counts', serdes)
const perMinute = windowStore('per-minute', { ...serdes, windowSize: '1m', retention: '1h' })

function counting(process: (context: ProcessorContext<never, never>) => void = () => undefined): TopologyTestDriver {
  const builder = new StreamsBuilder()
  const stream = builder.stream(texts)
  stream.groupByKey().count({ store: counts })
  stream.groupByKey().windowedBy(tumbling('1m')).count({ store: perMinute })
  stream.process<never, never>(
    () => {
      let context!: ProcessorContext<never, never>
      return {
        init: (given: ProcessorContext<never, never>) => (context = given),
        process: () => process(context),
      } as never
    },
    { stores: ['counts', 'per-minute'] },
  )
  return new TopologyTestDriver(builder.build())
}

it('a driver shows bare values by the handle of a table, and rows by its name', () => {
  using driver = counting()
  driver.input(texts).pipe('a', 'x', { timestampMs: 7 })
  driver.input(texts).pipe('a', 'y', { timestampMs: 9 })
  const store = driver.store(counts)
  expect(store.get('a')).toBe(2)
  expect(store.get('b')).toBeNull()
  expect([...store.all(), ...store.range('a', 'a')]).toEqual(Array(2).fill({ key: 'a', value: 2 }))
  expect([store.name, store.isOpen, store.approximateCount()]).toEqual(['counts', true, 1])
  expect((driver.store('counts') as typeof store).get('a')).toEqual(
    expect.objectContaining({ value: 2, timestampMs: 9 }),
  )
  expect(driver.store(perMinute).fetchOne('a', 0)).toBe(2)
  expect([...driver.store(perMinute).fetch('a', 0, 9)]).toEqual([{ key: 0, value: 2 }])
})

it('a processor reads and writes bare values, and null deletes', () => {
  const seen: (number | null)[] = []
  using driver = counting((context) => {
    const store = context.getStateStore(counts)
    seen.push(store.get('a'), store.putIfAbsent('b', 5), store.delete('b'), store.get('b'))
    store.putAll([['a', 40]])
    context.getStateStore(perMinute).put('a', null, 0)
  })
  driver.input(texts).pipe('a', 'x', { timestampMs: 7 })
  expect(seen).toEqual([1, null, 5, null])
  driver.input(texts).pipe('a', 'y', { timestampMs: 9 })
  expect(seen.slice(4, 5)).toEqual([41])
  expect(driver.store(perMinute).fetchOne('a', 0)).toBeNull()
})

it('refuses undefined through a handle too', () => {
  using driver = counting()
  expect(() => driver.store(counts).put('a', undefined as never)).toThrow(/undefined was put into store "counts"/)
})
