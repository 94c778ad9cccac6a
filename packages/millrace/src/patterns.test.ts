/** Sources that a pattern names: whole names, topics that come and go, repartition topics and queries behind them. */
import { int64, string, StreamsBuilder, type Topology, topic } from '@millrace/core'
import { memoryStores } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker } from '@millrace/broker'
import { Cluster, deleteTopics } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const serdes = { key: string(), value: string() }
const counts = topic('counts', { key: string(), value: int64() })
const wait = { timeout: 25_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close()))
  await client.close()
  await broker.close()
})

async function started(topology: Topology, options: Partial<StreamsOptions> = {}): Promise<StreamsApp> {
  const app = new StreamsApp(topology, {
    applicationId: 'app',
    kafka: broker,
    commitInterval: 50,
    linger: 5,
    heartbeatInterval: 200,
    metadataMaxAge: 50,
    logger: silentLogger,
    stores: memoryStores(),
    ...options,
  })
  app.ended().catch(() => undefined)
  apps.push(app)
  await app.start()
  return app
}

/** Lines of all matching topics, counted per word behind a repartition topic. */
function counting(pattern: RegExp): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(pattern, serdes)
    .groupBy((word) => word, { key: string() })
    .count({ store: 'words' })
    .toStream()
    .to(counts)
  return builder.build()
}

async function write(name: string, ...words: readonly string[]): Promise<void> {
  const writer = client.writer(topic(name, serdes))
  await writer.ready()
  for (const [i, word] of words.entries()) writer.send(`k${i}`, word)
  await writer.flush()
}

async function results(): Promise<Record<string, number | null>> {
  const rows: Record<string, number | null> = {}
  for await (const { key, value } of client.read(counts)) rows[key ?? ''] = value
  return rows
}

async function admin<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
  await using cluster = new Cluster(await broker.transport().open('admin'), around)
  return await work(cluster)
}

const inputs = (app: StreamsApp): string[] =>
  app
    .metadata()
    .flatMap(({ active }) => active.map((one) => `${one.topic}-${one.partition}`))
    .toSorted()

describe('a source with a pattern', () => {
  it.each([
    ['a plain one', /log-.*/],
    ['alternatives of which one begins the other', /log|log-a|log-b/],
    ['one with a flag that remembers where it was', /log-[ab]/g],
    ['one in other letters', /LOG-./i],
  ])('reads the topics whose whole name matches: %s', async (_, pattern) => {
    const names = ['log-a', 'log-b', 'xlog-a', 'log-a-', 'other'].filter(
      (name) => String(pattern) !== '/log-.*/' || name !== 'log-a-',
    )
    await client.createTopics([...names.map((name) => ({ name })), counts])
    await started(counting(pattern))
    for (const name of names) await write(name, name)
    await vi.waitFor(async () => expect(await results()).toEqual({ 'log-a': 1, 'log-b': 1 }), wait)
  })

  it('takes up topics and partitions that appear later, from their beginning', async () => {
    await client.createTopics([{ name: 'log-a' }, counts])
    const app = await started(counting(/log-.*/), { applicationServer: 'here:1', workers: 2 })
    await write('log-a', 'x', 'y')
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 1, y: 1 }), wait)
    const repartition = 'app-words-repartition-0'
    expect(inputs(app)).toEqual([repartition, 'log-a-0'])
    await client.createTopics([{ name: 'log-b' }])
    await write('log-b', 'x', 'z')
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 2, y: 1, z: 1 }), wait)
    await vi.waitFor(() => expect(inputs(app)).toEqual([repartition, 'log-a-0', 'log-b-0']), wait)
    expect(app.state).toBe('RUNNING')
  })

  it.each([
    ['it looks before it misses it', 50],
    ['it misses it first', 300_000],
  ])('goes on when one of its topics is deleted: %s', async (_, metadataMaxAge) => {
    await client.createTopics([{ name: 'log-a' }, { name: 'log-b' }, counts])
    const app = await started(counting(/log-.*/), { applicationServer: 'here:1', metadataMaxAge })
    await write('log-a', 'x')
    await write('log-b', 'x')
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 2 }), wait)
    await admin(async (cluster) => deleteTopics(cluster, ['log-b']))
    await vi.waitFor(() => expect(inputs(app)).toEqual(['app-words-repartition-0', 'log-a-0']), wait)
    await write('log-a', 'x')
    await vi.waitFor(async () => expect(await results()).toEqual({ x: 3 }), wait)
    expect(app.state).toBe('RUNNING')
  })

  it('waits for a first topic, unless a repartition topic needs its partitions', async () => {
    await client.createTopics([counts])
    const builder = new StreamsBuilder()
    builder
      .stream(/log-.*/, serdes)
      .groupByKey()
      .count({ store: 'lines' })
      .toStream()
      .to(counts)
    await started(builder.build())
    await client.createTopics([{ name: 'log-a' }])
    await write('log-a', 'x')
    await vi.waitFor(async () => expect(await results()).toEqual({ k0: 1 }), wait)
    const app = await started(counting(/none-.*/), { applicationId: 'other' })
    await expect(app.ended()).rejects.toMatchObject({ code: 'MR_RUNTIME_TOPIC_MISSING' })
  })

  it('is told by describe() as in Kafka, and answers who has a key', async () => {
    await client.createTopics([{ name: 'log-a' }, { name: 'log-b' }], { partitions: 2 })
    const builder = new StreamsBuilder()
    builder
      .stream(/log-.*/, serdes)
      .groupByKey()
      .count({ store: 'lines' })
    const topology = builder.build()
    expect(topology.describe()).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: log-.*)')
    const app = await started(topology, { applicationServer: 'here:1' })
    await vi.waitFor(() => expect(inputs(app)).toEqual(['log-a-0', 'log-a-1', 'log-b-0', 'log-b-1']), wait)
    expect(await app.queryMetadataForKey('lines', 'a')).toMatchObject({ activeHost: { host: 'here', port: 1 } })
    expect(app.streamsMetadataForStore('lines')).toHaveLength(1)
  })
})
