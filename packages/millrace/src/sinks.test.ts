/** Sinks whose topic is chosen per record: topics that nobody has asked the cluster about before. */
import { int64, string, StreamsBuilder, type StreamsError, type Topology, topic, tumbling } from '@millrace/core'
import { memoryStores } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker } from '@millrace/broker'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const input = topic('input', { key: string(), value: string() })
const wait = { timeout: 20_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  await client.createTopics([input])
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
    linger: 5,
    heartbeatInterval: 200,
    logger: silentLogger,
    stores: memoryStores(),
    ...options,
  })
  app.ended().catch(() => undefined)
  apps.push(app)
  await app.start()
  return app
}

async function write(...values: readonly string[]): Promise<void> {
  const writer = client.writer(input)
  await writer.ready()
  for (const value of values) writer.send('k', value, { timestampMs: 5 })
  await writer.flush()
}

/** Values of a topic by partition, in order. */
async function written(name: string): Promise<Record<number, (string | null)[]>> {
  const byPartition: Record<number, (string | null)[]> = {}
  for await (const { partition, value } of client.read(topic(name, { key: string(), value: string() }))) {
    ;(byPartition[partition] ??= []).push(value)
  }
  return byPartition
}

describe('a sink with a topic per record', () => {
  it.each(['at-least-once', 'exactly-once'] as const)(
    'asks its partitioner once the topic is known, in the order of the records, %s',
    async (processingGuarantee) => {
      await client.createTopics([{ name: 'even' }, { name: 'odd' }], { partitions: 3 })
      const counts: number[] = []
      const builder = new StreamsBuilder()
      builder.stream(input).to((value) => (Number(value) % 2 === 0 ? 'even' : 'odd'), {
        partitioner: (_topic, _key, value, count) => {
          counts.push(count)
          const n = Number(value)
          if (n === 9) return []
          return n >= 10 ? [0, 2] : n === 8 ? undefined : n % 3
        },
      })
      const app = await started(builder.build(), {
        processingGuarantee,
        commitInterval: 60_000,
        transactionTimeout: 90_000,
      })
      await write('1', '2', '3', '4', '5', '7', '9', '11')
      if (processingGuarantee === 'exactly-once') {
        await vi.waitFor(() => expect(counts).toHaveLength(8), wait)
        await app.close()
      }
      await vi.waitFor(async () => {
        expect(await written('odd')).toEqual({ 0: ['3', '11'], 1: ['1', '7'], 2: ['5', '11'] })
        expect(await written('even')).toEqual({ 1: ['4'], 2: ['2'] })
      }, wait)
      expect(new Set(counts)).toEqual(new Set([3]))
    },
  )

  it('puts all windows of a key into one partition, also the first ones', async () => {
    await client.createTopics([{ name: 'windows' }], { partitions: 5 })
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(tumbling(1))
      .count({ value: int64() })
      .toStream()
      .to(() => 'windows')
    await started(builder.build(), { commitInterval: 20, statestoreCacheMaxBytes: 0 })
    const writer = client.writer(input)
    await writer.ready()
    for (let i = 0; i < 12; i++) writer.send('same', 'x', { timestampMs: i })
    await writer.flush()
    await vi.waitFor(async () => {
      const found = Object.values(await written('windows'))
      expect(found.map((values) => values.length)).toEqual([12])
    }, wait)
  })

  it('gives what a partitioner throws to onProcessingError, also when it was asked late', async () => {
    await client.createTopics([{ name: 'out' }], { partitions: 2 })
    const builder = new StreamsBuilder()
    const copied = builder.stream(input).filter(() => true)
    copied.to(() => 'out', {
      partitioner: (_topic, _key, value) => {
        if (value === 'bad') throw new Error('no place')
        return 1
      },
    })
    const failures: string[] = []
    await started(builder.build(), {
      onProcessingError: (error, { offset }) => {
        failures.push(`${error.message} ${offset}`)
        return 'continue'
      },
    })
    await write('a', 'bad', 'b')
    await vi.waitFor(async () => expect(await written('out')).toEqual({ 1: ['a', 'b'] }), wait)
    expect(failures).toEqual(['no place 1'])
  })

  it('stops the application when the topic does not exist', async () => {
    const builder = new StreamsBuilder()
    builder.stream(input).to(() => 'nowhere', { partitioner: () => 0 })
    const app = await started(builder.build(), { commitInterval: 50 })
    const ended = app.ended().catch((error: unknown) => error as StreamsError)
    await write('a')
    expect(await ended).toMatchObject({ code: 'MR_PROTOCOL_TOPIC_MISSING', details: { topic: 'nowhere' } })
  })
})
