/** How far a group has come, as `KafkaClient.lag` tells it: what has not begun is never taken for what has finished. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { string, StreamsBuilder, topic } from '@millrace/core'
import { Cluster, deleteRecords } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers, stderrLogger } from '@millrace/runtime/internal'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { EmbeddedBroker, KafkaClient, StreamsApp } from '../index.ts'

const orders = topic('orders', { key: string(), value: string() })
let broker: EmbeddedBroker
let client: KafkaClient
let stateDirectory: string
const timeout = 20_000
beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'millrace-lag-'))
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  await client.createTopics([orders])
  const writer = client.writer(orders)
  for (const key of ['a', 'b', 'c']) writer.send(key, 'x')
  await writer.flush()
})
afterAll(async () => {
  await client.close()
  await broker.close()
  await rm(stateDirectory, { recursive: true, force: true })
})

it('refuses a group of which nothing is known, unless its topics are named', async () => {
  const asking = client.lag('nobody')
  await expect(asking).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' })
  await expect(asking).rejects.toThrow('lag("nobody", ["orders"])')
  expect(await client.lag('nobody', ['orders'])).toEqual([
    { topic: 'orders', partition: 0, committed: 0, end: 3, lag: 3 },
  ])
})

it('counts what a group with members has not begun yet, and 0 once it has committed all of it', async () => {
  const builder = new StreamsBuilder()
  builder.stream(orders).foreach(() => undefined)
  const options = { applicationId: 'reader', kafka: broker, stateDirectory, commitInterval: 3_600_000 }
  const app = new StreamsApp(builder.build(), options)
  await app.start()
  await vi.waitFor(() => expect(app.state).toBe('RUNNING'), { timeout })
  expect(await client.lag('reader')).toEqual([{ topic: 'orders', partition: 0, committed: 0, end: 3, lag: 3 }])
  await vi.waitFor(() => expect(app.metrics().find(({ name }) => name === 'process-total')?.value).toBe(3), {
    timeout,
  })
  await app.close()
  expect(await client.lag('reader')).toEqual([{ topic: 'orders', partition: 0, committed: 3, end: 3, lag: 0 }])
})

it('counts from where the log begins, not what is gone', async () => {
  const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: stderrLogger }
  const cluster = new Cluster(await broker.transport().open('admin'), around)
  await deleteRecords(cluster, [{ topic: 'orders', partition: 0, offset: 2 }])
  await cluster.close()
  expect(await client.lag('later', ['orders'])).toEqual([
    { topic: 'orders', partition: 0, committed: 2, end: 3, lag: 1 },
  ])
})
