/** The number of a worker is part of its transactional id: who takes a number ends what was left open under it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@millrace/core/port'
import { Cluster, TransactionalProducer } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { EmbeddedBroker, KafkaClient, StreamsApp, StreamsBuilder, type StreamsOptions, string, topic } from 'millrace'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })
const processId = '00000000-0000-4000-8000-000000000000'
const wait = { timeout: 20_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
let directory: string
beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  await client.createTopics([input, output], { partitions: 2 })
  directory = await mkdtemp(join(tmpdir(), 'millrace-numbers-'))
})
afterEach(async () => {
  await client.close()
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

const appOf = (options: Partial<StreamsOptions>, map = (value: string): string => value): StreamsApp => {
  const builder = new StreamsBuilder()
  builder.stream(input).mapValues(map).to(output)
  const app = new StreamsApp(builder.build(), {
    applicationId: 'app',
    kafka: broker,
    processingGuarantee: 'exactly-once',
    stateDirectory: directory,
    heartbeatInterval: 200,
    logger: silentLogger,
    ...options,
  })
  app.ended().catch(() => undefined)
  return app
}

const fileOf = (): string => join(directory, 'app', 'process.json')
const remembered = async (): Promise<unknown> =>
  (JSON.parse(await readFile(fileOf(), 'utf8')) as { workers: unknown }).workers
const names = (app: StreamsApp): (string | undefined)[] => [
  ...new Set(app.metrics().flatMap(({ tags }) => tags['thread-id'] ?? [])),
]

async function write(target: typeof input, ...values: string[]): Promise<void> {
  const writer = client.writer(target)
  await writer.ready()
  for (const value of values) writer.send('k', value)
  await writer.flush()
  await writer.close()
}

async function written(): Promise<(string | null)[]> {
  const values = []
  for await (const { value } of client.read(output)) values.push(value)
  return values
}

it('ends at once what a worker left open whose number nobody has after a restart', async () => {
  await mkdir(join(directory, 'app'))
  await writeFile(fileOf(), JSON.stringify({ version: 1, processId, workers: 3 }))
  const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
  const cluster = new Cluster(await broker.transport().open('produce'), around, { requestTimeoutMs: 10_000 })
  const dead = new TransactionalProducer(cluster, {
    transactionalId: `app-${processId}-2`,
    transactionTimeoutMs: 600_000,
  })
  await dead.init()
  for (const p of [0, 1]) dead.producer.append('output', p, null, new TextEncoder().encode('left open'), Date.now())
  await dead.producer.flush()
  await write(output, 'behind it')
  expect(await written()).toEqual([])

  await using app = appOf({ workers: 1 })
  await app.start()
  await vi.waitFor(async () => expect(await written()).toEqual(['behind it']), wait)
  expect(await remembered()).toBe(1)
  await dead.close()
  await cluster.close()
})

it('gives the number of a worker that failed to the one that replaces it', async () => {
  let failures = 0
  await using app = appOf({ workers: 2, onUncaughtError: 'replace-worker' }, (value) => {
    if (value === 'poison' && failures++ < 2) throw new Error('not yet')
    return value
  })
  await app.start()
  await write(input, 'a', 'poison', 'b')
  await vi.waitFor(async () => expect(await written()).toEqual(['a', 'poison', 'b']), wait)
  expect(app.metrics().find(({ name }) => name === 'failed-stream-threads')?.value).toBe(2)
  expect(names(app)).toEqual(['app-worker-1', 'app-worker-2'])
  expect(app.addWorker()).toBe('app-worker-3')
  await vi.waitFor(async () => expect(await remembered()).toBe(3), wait)
  expect(await app.removeWorker()).toBe('app-worker-3')
  expect(app.addWorker()).toBe('app-worker-3')
})
