/** Rows of a global table from an earlier start, when its topic has changed under them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@millrace/core/port'
import { Cluster, deleteTopics } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { EmbeddedBroker, KafkaClient, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const users = topic('users', { key: string(), value: string() })

let broker: EmbeddedBroker
let client: KafkaClient
let stateDirectory: string

beforeEach(async () => {
  broker = await EmbeddedBroker.start({ config: { 'group.min.session.timeout.ms': 100 } })
  client = new KafkaClient(broker)
  stateDirectory = await mkdtemp(join(tmpdir(), 'millrace-global-'))
})
afterEach(async () => {
  await client.close()
  await broker.close()
  await rm(stateDirectory, { recursive: true, force: true })
})

async function fill(rows: number, partitions: number, text: string): Promise<void> {
  await client.createTopics([users], { partitions })
  await write(rows, text)
}

async function write(rows: number, text: string): Promise<void> {
  const writer = client.writer(users)
  await writer.ready()
  for (let i = 0; i < rows; i++) writer.send(`u${i}`, text)
  await writer.flush()
}

async function removeTopic(): Promise<void> {
  const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
  const cluster = new Cluster(await broker.transport().open('admin'), around)
  await deleteTopics(cluster, [users.name])
  await cluster.close()
}

const session = { sessionTimeout: 500, heartbeatInterval: 100 }

function application(): StreamsApp {
  const builder = new StreamsBuilder()
  builder.globalTable(users, { store: 'users' })
  builder.stream(topic('input', users)).to(topic('output', users))
  const options = {
    applicationId: 'global',
    kafka: broker,
    stateDirectory,
    logger: silentLogger,
    commitInterval: 20,
    ...session,
  }
  const app = new StreamsApp(builder.build(), options)
  app.ended().catch(() => undefined)
  return app
}

/** What the table has as soon as the application has started. */
async function rowsAtStart(): Promise<string[]> {
  await using app = application()
  await app.start()
  await vi.waitFor(() => expect(app.state).toBe('RUNNING'), { timeout: 20_000 })
  const rows: string[] = []
  for await (const { key, value } of app.store<string, string>('users').all()) rows.push(`${key}=${value}`)
  await app.close({ leaveGroup: true })
  return rows.toSorted()
}

it('has nothing of a topic that was deleted and created anew with less in it', async () => {
  await client.createTopics([topic('input', users), topic('output', users)])
  await fill(10, 1, 'old')
  expect(await rowsAtStart()).toHaveLength(10)
  await removeTopic()
  await fill(2, 1, 'new')
  expect(await rowsAtStart()).toEqual(['u0=new', 'u1=new'])
})

it('has nothing of partitions that the topic no longer has', async () => {
  await client.createTopics([topic('input', users), topic('output', users)])
  await fill(20, 4, 'old')
  expect(await rowsAtStart()).toHaveLength(20)
  await removeTopic()
  await fill(30, 1, 'new')
  expect(await rowsAtStart()).toEqual(Array.from({ length: 30 }, (_, i) => `u${i}=new`).toSorted())
})

it('has nothing of a topic that was deleted and created anew while it ran', async () => {
  await client.createTopics([topic('input', users), topic('output', users)])
  await fill(10, 1, 'old')
  await using app = application()
  await app.start()
  await vi.waitFor(() => expect(app.state).toBe('RUNNING'), { timeout: 20_000 })
  await removeTopic()
  await fill(2, 1, 'new')
  await expect(app.ended()).rejects.toMatchObject({ code: 'MR_PROTOCOL_TOPIC_REPLACED' })
  await app.close()
  // Now the place that was reached exists again, with another record before it.
  await write(30, 'new')
  expect(await rowsAtStart()).toEqual(Array.from({ length: 30 }, (_, i) => `u${i}=new`).toSorted())
})
