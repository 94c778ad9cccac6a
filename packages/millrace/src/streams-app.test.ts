/** Applications on the embedded broker, from the outside: what a user starts, sees and stops. */
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { int64, keyValueStore, string, StreamsBuilder, Topology, topic } from '@millrace/core'
import { memoryStores } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker } from '@millrace/broker'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })
const wait = { timeout: 20_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
let directory: string
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  directory = await mkdtemp(join(tmpdir(), 'millrace-app-'))
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close()))
  await client.close()
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

/** Words by themselves, counted: a sub-topology before the repartition topic and one behind it. */
function counting(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .selectKey((word) => word)
    .groupByKey({ key: string() })
    .count({ store: 'counts' })
    .toStream()
    .to(counts)
  return builder.build()
}

function appOf(topology: Topology, options: Partial<StreamsOptions> = {}): StreamsApp {
  const app = new StreamsApp(topology, {
    applicationId: 'app',
    kafka: broker,
    commitInterval: 50,
    linger: 5,
    sessionTimeout: 6_000,
    heartbeatInterval: 200,
    logger: silentLogger,
    ...(options.stateDirectory === undefined ? { stores: memoryStores() } : {}),
    ...options,
  })
  app.ended().catch(() => undefined)
  apps.push(app)
  return app
}

async function running(app: StreamsApp): Promise<void> {
  await vi.waitFor(() => expect(app.state).toBe('RUNNING'), wait)
}

async function write(texts: readonly string[]): Promise<void> {
  const writer = client.writer(words)
  await writer.ready()
  for (const [i, text] of texts.entries()) writer.send(`k${i}`, text)
  await writer.flush()
}

async function results(): Promise<Record<string, number | null>> {
  const rows: Record<string, number | null> = {}
  for await (const { key, value } of client.read(counts)) rows[key ?? ''] = value
  return rows
}

const total = (app: StreamsApp, name: string): number =>
  app.metrics().reduce((sum, metric) => sum + (metric.name === name ? Number(metric.value) : 0), 0)

describe('StreamsApp', () => {
  it.each([1, 3])('counts over several partitions with %i worker(s)', async (workers) => {
    await client.createTopics([words, counts], { partitions: 3 })
    const app = appOf(counting(), { workers })
    const states: string[] = []
    app.onState((state) => states.push(state))
    await app.start()
    await running(app)
    const texts = Array.from({ length: 300 }, (_, i) => `w${i % 7}`)
    await write(texts)
    const expected = Object.fromEntries(
      Array.from({ length: 7 }, (_, i) => [`w${i}`, texts.filter((text) => text === `w${i}`).length]),
    )
    await vi.waitFor(async () => expect(await results()).toEqual(expected), wait)
    expect(
      app
        .metadataForLocalWorkers()
        .flatMap(({ active }) => active)
        .toSorted(),
    ).toEqual(['0_0', '0_1', '0_2', '1_0', '1_1', '1_2'])
    await app.close()
    expect(states.at(0)).toBe('REBALANCING')
    expect(states.slice(-2)).toEqual(['PENDING_SHUTDOWN', 'NOT_RUNNING'])
  })

  it('reads no changelog after a clean restart, and all of it when the directory is gone', async () => {
    await client.createTopics([words, counts], { partitions: 2 })
    const stateDirectory = join(directory, 'state')
    const options = { stateDirectory, groupInstanceId: 'one' }
    const first = appOf(counting(), options)
    await first.start()
    await write(['a', 'b', 'a'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 2, b: 1 }), wait)
    await first.close()
    const second = appOf(counting(), options)
    await second.start()
    await write(['a'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 3, b: 1 }), wait)
    expect(total(second, 'restore-records-total')).toBe(0)
    await second.close()
    await rm(stateDirectory, { recursive: true })
    const third = appOf(counting(), options)
    await third.start()
    await write(['b'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 3, b: 2 }), wait)
    expect(total(third, 'restore-records-total')).toBeGreaterThan(0)
  })

  it('answers queries over the live stores, by name and by handle', async () => {
    await client.createTopics([words, counts], { partitions: 2 })
    const app = appOf(counting())
    const view = app.store<string, number>('counts')
    await expect(view.get('a')).rejects.toMatchObject({
      code: 'MR_RUNTIME_STORE_UNAVAILABLE',
      name: 'StoreUnavailableError',
    })
    await app.start()
    await write(['a', 'b', 'a', 'abc'])
    await running(app)
    await vi.waitFor(async () => expect(await view.get('a')).toBe(2), wait)
    await vi.waitFor(async () => expect(await view.get('abc')).toBe(1), wait)
    expect(await view.get('nobody')).toBeNull()
    const listed: string[] = []
    for await (const { key, value } of view.all()) listed.push(`${key}=${value}`)
    expect(listed.toSorted()).toEqual(['a=2', 'abc=1', 'b=1'])
    const prefixed: string[] = []
    for await (const { key } of view.prefix(new TextEncoder().encode('a'))) prefixed.push(key)
    expect(prefixed.toSorted()).toEqual(['a', 'abc'])
    const ranged: string[] = []
    for await (const { key } of view.range('ab', null)) ranged.push(key)
    expect(ranged.toSorted()).toEqual(['abc', 'b'])
    expect(await view.approximateCount()).toBe(3)
    expect(() => app.store('nothing')).toThrow(expect.objectContaining({ code: 'MR_RUNTIME_STORE_UNKNOWN' }))
    await app.close()
    await expect(view.get('a')).rejects.toMatchObject({ code: 'MR_RUNTIME_STORE_UNAVAILABLE' })
  })

  it('shares its tasks with a worker that is added, and takes them back from one that is removed', async () => {
    await client.createTopics([words, counts], { partitions: 4 })
    const app = appOf(counting())
    await app.start()
    await running(app)
    expect(app.addWorker()).toBe('app-worker-2')
    const spread = (): number[] => app.metadataForLocalWorkers().map(({ active }) => active.length)
    await vi.waitFor(() => expect(spread()).toEqual([4, 4]), wait)
    await write(['x', 'y', 'x'])
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 2, y: 1 }), wait)
    expect(await app.removeWorker()).toBe('app-worker-2')
    await vi.waitFor(() => expect(spread()).toEqual([8]), wait)
    await write(['x'])
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 3, y: 1 }), wait)
  })

  it('does nothing while it is paused', async () => {
    await client.createTopics([words, counts])
    const app = appOf(counting())
    await app.start()
    await running(app)
    app.pause()
    await write(['a'])
    const before = total(app, 'poll-total')
    await vi.waitFor(() => expect(total(app, 'poll-total')).toBeGreaterThan(before + 3), wait)
    expect([app.isPaused, await results()]).toEqual([true, {}])
    app.resume()
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 1 }), wait)
  })

  it('keeps stores of the processor API, and their handles give typed views', async () => {
    await client.createTopics([words])
    const seen = keyValueStore('seen', { key: string(), value: int64() })
    const topology = new Topology().addSource('source', words).addProcessor(
      'count',
      {
        stores: [seen],
        create: () => {
          let store: { get(key: string): number | null; put(key: string, value: number): void }
          return {
            init: (context: { getStateStore(name: string): unknown }) => {
              store = context.getStateStore('seen') as typeof store
            },
            process: ({ value }: { value: string }) => store.put(value, (store.get(value) ?? 0) + 1),
          }
        },
      } as never,
      'source',
    )
    const app = appOf(topology)
    await app.start()
    await write(['a', 'a'])
    await running(app)
    const found: Promise<number | null> = app.store(seen).get('a')
    expect([null, 1, 2]).toContain(await found)
    await vi.waitFor(async () => expect(await app.store(seen).get('a')).toBe(2), wait)
  })

  it('joins a stream with a global table that every instance holds whole', async () => {
    const names = topic('names', { key: string(), value: string() })
    const greetings = topic('greetings', { key: string(), value: string() })
    await client.createTopics([words, names, greetings], { partitions: 2 })
    const writer = client.writer(names)
    await writer.ready()
    writer.send('k0', 'Ada')
    await writer.flush()
    const builder = new StreamsBuilder()
    const table = builder.globalTable(names, { store: 'names' })
    builder
      .stream(words)
      .join(table, (word: string, name: string) => `${word} ${name}`, {
        key: (_word: string, key: string) => key,
      } as never)
      .to(greetings)
    const app = appOf(builder.build(), { stateDirectory: join(directory, 'global') })
    await app.start()
    await write(['hello', 'nobody'])
    const read = async (): Promise<(string | null)[]> => {
      const values = []
      for await (const { value } of client.read(greetings)) values.push(value)
      return values
    }
    await vi.waitFor(async () => expect(await read()).toEqual(['hello Ada']), wait)
    expect(await app.store<string, string>('names').get('k0')).toBe('Ada')
  })

  it('reads every topic that matches a pattern', async () => {
    const logs = ['log-a', 'log-b'].map((name) => topic(name, { key: string(), value: string() }))
    await client.createTopics([...logs, counts], { partitions: 1 })
    const builder = new StreamsBuilder()
    builder
      .stream(/log-.*/, { key: string(), value: string() })
      .groupByKey()
      .count({ store: 'lines' })
      .toStream()
      .to(counts)
    const app = appOf(builder.build())
    await app.start()
    for (const [i, log] of logs.entries()) {
      const writer = client.writer(log)
      await writer.ready()
      writer.send(`k${i}`, 'line')
      await writer.flush()
    }
    await vi.waitFor(async () => expect(await results()).toEqual({ k0: 1, k1: 1 }), wait)
  })

  it('deletes what it has processed from repartition topics', async () => {
    await client.createTopics([words, counts])
    const app = appOf(counting(), { repartitionPurgeInterval: 100 })
    await app.start()
    await write(['a', 'b', 'c'])
    await vi.waitFor(async () => expect(Object.keys(await results())).toHaveLength(3), wait)
    const repartition = topic('app-counts-repartition', { key: string(), value: string() })
    const left = async (): Promise<number> => {
      let records = 0
      for await (const _ of client.read(repartition)) records++
      return records
    }
    await vi.waitFor(async () => {
      await write(['d'])
      expect(await left()).toBeLessThan(3)
    }, wait)
  })

  it('says in the log what a worker has done, and writes compressed batches', async () => {
    await client.createTopics([words, counts])
    const lines: string[] = []
    const logger = { ...silentLogger, info: (text: string) => lines.push(text) }
    const app = appOf(counting(), { logger, logSummaryInterval: 10, compressionType: 'gzip' })
    await app.start()
    await write(['a', 'a'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 2 }), wait)
    await vi.waitFor(() => expect(lines).toContain('worked'), wait)
  })

  it('leaves nothing open when it is closed while it starts, however far it has come', async () => {
    await using listening = await EmbeddedBroker.start({ port: 0 })
    const brokers = [listening.bootstrap]
    await using creator = new KafkaClient({ brokers })
    await creator.createTopics([words, counts])
    for (const turns of [0, 1, 2, 5, 10, 20, 50, 100]) {
      const sockets: net.Socket[] = []
      const socketFactory = ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) => {
        const socket = net.connect({ host, port }, onConnect)
        sockets.push(socket)
        return socket
      }
      const stateDirectory = join(directory, `closed-${turns}`)
      const app = appOf(counting(), { kafka: { brokers, socketFactory }, stateDirectory })
      const starting = app.start()
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      await app.close()
      await starting
      expect(app.state).toBe('NOT_RUNNING')
      await vi.waitFor(() => expect(sockets.filter((socket) => !socket.destroyed)).toEqual([]), wait)
      // The directory is free again.
      const successor = appOf(counting(), { kafka: { brokers }, stateDirectory })
      await successor.start()
      await successor.close({ leaveGroup: true })
    }
  })

  it('removes its state when told to, and only while it does not run', async () => {
    await client.createTopics([words, counts])
    const stateDirectory = join(directory, 'cleaned')
    const first = appOf(counting(), { stateDirectory })
    await first.cleanUp()
    await first.start()
    await write(['a', 'a'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 2 }), wait)
    await expect(first.cleanUp()).rejects.toMatchObject({ code: 'MR_RUNTIME_STATE' })
    await first.close({ leaveGroup: true })
    await first.cleanUp()
    const second = appOf(counting(), { stateDirectory })
    await second.start()
    await write(['a'])
    await vi.waitFor(async () => expect(await results()).toEqual({ a: 3 }), wait)
    expect(total(second, 'restore-records-total')).toBeGreaterThan(0)
  })

  it('closes twice, and cannot be started again', async () => {
    await client.createTopics([words, counts])
    const app = appOf(counting())
    await app.start()
    await app.close()
    await app.close()
    await expect(app.start()).rejects.toMatchObject({ code: 'MR_RUNTIME_STATE' })
    await expect(app.ended()).resolves.toBeUndefined()
  })

  it('resolves run() after a signal', async () => {
    await client.createTopics([words, counts])
    const app = appOf(counting())
    const ran = app.run()
    await running(app)
    process.emit('SIGTERM', 'SIGTERM')
    await ran
    expect(app.state).toBe('NOT_RUNNING')
  })
})
