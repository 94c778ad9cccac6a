/** Copies of the state on other instances: a table whose input topic is its changelog, and what happens when one goes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { string, StreamsBuilder, type Topology, topic } from '@millrace/core'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker } from '@millrace/broker'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const users = topic('users', { key: string(), value: string() })
const wait = { timeout: 25_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
let directory: string
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  directory = await mkdtemp(join(tmpdir(), 'millrace-standby-'))
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close({ leaveGroup: true })))
  await client.close()
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

function table(): Topology {
  const builder = new StreamsBuilder({})
  builder.table(users, { store: 'users' })
  return builder.build({ topologyOptimization: 'all' })
}

async function started(name: string, options: Partial<StreamsOptions>): Promise<StreamsApp> {
  const app = new StreamsApp(table(), {
    applicationId: 'app',
    kafka: broker,
    stateDirectory: join(directory, name),
    numStandbyReplicas: 1,
    acceptableRecoveryLag: 0,
    commitInterval: 50,
    linger: 5,
    sessionTimeout: 6_000,
    heartbeatInterval: 200,
    logger: silentLogger,
    ...options,
  })
  app.ended().catch(() => undefined)
  apps.push(app)
  await app.start()
  return app
}

async function write(from: number, to: number): Promise<void> {
  const writer = client.writer(users)
  await writer.ready()
  for (let i = from; i < to; i++) writer.send(`k${i}`, `v${i}`)
  await writer.flush()
}

const tasks = (app: StreamsApp, kind: 'active' | 'standby'): number =>
  app.metadataForLocalWorkers().reduce((sum, worker) => sum + worker[kind].length, 0)
const restored = (app: StreamsApp): number =>
  app.metrics().reduce((sum, { name, value }) => sum + (name === 'restore-records-total' ? Number(value) : 0), 0)

describe('a copy of a table whose topic is its changelog', () => {
  it.each(['at-least-once', 'exactly-once'] as const)(
    'follows what is committed and takes over without reading it again, %s',
    async (processingGuarantee) => {
      await client.createTopics([users], { partitions: 2 })
      const one = await started('one', { processingGuarantee })
      const two = await started('two', { processingGuarantee })
      await vi.waitFor(() => {
        for (const app of [one, two]) expect([tasks(app, 'active'), tasks(app, 'standby')]).toEqual([1, 1])
      }, wait)
      await write(0, 100)
      for (const app of [one, two]) {
        const copy = app.store<string, string>('users', { stale: true })
        await vi.waitFor(async () => expect(await copy.approximateCount()).toBe(100), wait)
      }
      await vi.waitFor(async () => {
        const lags = (await two.allLocalStorePartitionLags()).get('users')
        expect([...(lags?.values() ?? [])].map(({ lag }) => lag)).toEqual([0, 0])
      }, wait)
      const before = restored(two)
      await one.close({ leaveGroup: true })
      await vi.waitFor(() => expect([two.state, tasks(two, 'active')]).toEqual(['RUNNING', 2]), wait)
      const rows = two.store<string, string>('users')
      await vi.waitFor(async () => expect(await rows.approximateCount()).toBe(100), wait)
      for (let i = 0; i < 100; i++) expect(await rows.get(`k${i}`)).toBe(`v${i}`)
      expect(restored(two)).toBe(before)
      await write(100, 110)
      await vi.waitFor(async () => expect(await rows.approximateCount()).toBe(110), wait)
    },
  )

  it('has nothing that the active one has not committed', async () => {
    await client.createTopics([users])
    const options = { commitInterval: 60_000 }
    const apps = [await started('one', options), await started('two', options)]
    await vi.waitFor(() => expect(apps.reduce((sum, app) => sum + tasks(app, 'standby'), 0)).toBe(1), wait)
    const [active, copy] = tasks(apps[0] as StreamsApp, 'active') === 1 ? apps : apps.toReversed()
    await write(0, 10)
    await vi.waitFor(async () => expect(await active?.store('users').approximateCount()).toBe(10), wait)
    // The assignment is known a moment before the copy is open.
    await vi.waitFor(async () => {
      expect(await copy?.store('users', { stale: true }).approximateCount()).toBe(0)
    }, wait)
  })
})
