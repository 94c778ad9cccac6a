import {
  int64,
  keyValueStore,
  type KeyValueStore,
  noHeaders,
  type Processor,
  type ProcessorContext,
  record,
  type StreamRecord,
  string,
  topic,
  Topology,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })
const store = keyValueStore('counts-store', { key: string(), value: int64() })

class Count implements Processor<string, string, string, number> {
  private context: ProcessorContext<string, number> | null = null
  private counts: KeyValueStore<string, number> | null = null

  init(context: ProcessorContext<string, number>): void {
    this.context = context
    this.counts = context.getStateStore(store)
    context.schedule('1m', 'wall-clock', (timestampMs) => {
      context.forward(record('tick', 0, timestampMs, noHeaders))
    })
  }

  process({ value, timestampMs, headers }: StreamRecord<string, string>): void {
    if (value === '') throw new RangeError('an empty word')
    const count = (this.counts?.get(value) ?? 0) + 1
    this.counts?.put(value, count)
    this.context?.forward(record(value, count, timestampMs, headers))
  }
}

function counting(): Topology {
  return new Topology()
    .addSource('words', words)
    .addProcessor('count', { create: () => new Count(), stores: [store] }, 'words')
    .addSink('counts', counts, 'count')
}

describe('TopologyTestDriver', () => {
  it('runs a record through the topology before pipe returns', () => {
    using driver = new TopologyTestDriver(counting())
    const input = driver.input(words)
    const output = driver.output(counts)
    input.pipe('k', 'to', { timestampMs: 5 })
    expect(output.read()).toEqual(record('to', 1, 5, noHeaders))
    expect(output.read()).toBeUndefined()
    input.pipeAll([
      ['k', 'be'],
      ['k', 'to'],
    ])
    expect(output.readKeyValues()).toEqual([
      ['be', 1],
      ['to', 2],
    ])
  })

  it('shows stores by handle and by name', () => {
    using driver = new TopologyTestDriver(counting())
    driver.input(words).pipe('k', 'to')
    expect(driver.store(store).get('to')).toBe(1)
    expect([...driver.store<KeyValueStore<string, number>>('counts-store').all()]).toEqual([{ key: 'to', value: 1 }])
    expect(() => driver.store('other')).toThrowError(expect.objectContaining({ code: 'MR_STORE_UNKNOWN' }))
  })

  it('writes changelogs that can be read as bytes', () => {
    using driver = new TopologyTestDriver(counting(), { applicationId: 'app' })
    driver.input(words).pipe('k', 'to', { timestampMs: 7 })
    expect(driver.topics()).toEqual(['app-counts-store-changelog', 'counts'])
    const [change] = driver.readRaw('app-counts-store-changelog')
    expect(change?.value).toEqual(int64().serialize(1))
    expect(change?.timestampMs).toBe(7)
  })

  it('moves the wall clock only when told to', () => {
    using driver = new TopologyTestDriver(counting(), { wallClockMs: 1_000 })
    driver.advanceWallClock('59s')
    expect(driver.output(counts).readAll()).toEqual([])
    driver.advanceWallClock('1s')
    expect(driver.output(counts).readAll()).toEqual([record('tick', 0, 61_000, noHeaders)])
    driver.input(words).pipe('k', 'now')
    expect(driver.output(counts).read()?.timestampMs).toBe(61_000)
  })

  it('feeds a topic back that the topology reads and writes', () => {
    const loop = topic('loop', { key: string(), value: string() })
    const topology = new Topology()
      .addSource('first', words)
      .addSink('into', loop, 'first')
      .addSource('second', loop)
      .addSink('out', topic('out', { key: string(), value: string() }), 'second')
    using driver = new TopologyTestDriver(topology)
    driver.input(words).pipe('k', 'v', { timestampMs: 3 })
    expect(driver.output(topic('out', { key: string(), value: string() })).readKeyValues()).toEqual([['k', 'v']])
    expect(driver.output(loop).readKeyValues()).toEqual([['k', 'v']])
  })

  it('throws what the task throws, and counts what handlers leave out', () => {
    using strict = new TopologyTestDriver(counting())
    expect(() => strict.input(words).pipe('k', '')).toThrowError(expect.objectContaining({ code: 'MR_RECORD_PROCESS' }))
    using lenient = new TopologyTestDriver(counting(), { onProcessingError: 'continue' })
    lenient.input(words).pipe('k', '')
    expect(lenient.metrics()).toEqual({ 'dropped-records-total': 1 })
  })

  it('refuses a topic that nothing reads, an unknown option, and use after close', () => {
    const driver = new TopologyTestDriver(counting())
    const other = topic('other', { key: string(), value: string() })
    expect(() => driver.input(other).pipe('k', 'v')).toThrowError(expect.objectContaining({ code: 'MR_RUNTIME_TOPIC' }))
    driver.close()
    driver.close()
    expect(() => driver.input(words).pipe('k', 'v')).toThrowError(
      expect.objectContaining({ code: 'MR_RUNTIME_CLOSED' }),
    )
    expect(() => new TopologyTestDriver(counting(), { comitInterval: 1 } as never)).toThrowError(
      expect.objectContaining({ code: 'MR_CONFIG_UNKNOWN' }),
    )
  })
})
