/** Whose things lie in a state directory: several applications', and the user's own. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, silentLogger } from '@millrace/core/port'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import {
  EmbeddedBroker,
  fromProperties,
  int64,
  KafkaClient,
  levelStores,
  StreamsApp,
  StreamsBuilder,
  type StreamsOptions,
  string,
  topic,
} from './index.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })
const wait = { timeout: 30_000 }

let directory: string
let broker: EmbeddedBroker
let client: KafkaClient
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-state-'))
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
  await client.createTopics([words, counts])
  const writer = client.writer(words)
  await writer.ready()
  writer.send('k', 'v')
  await writer.flush()
})
afterEach(async () => {
  await client.close()
  await broker.close()
  await rm(directory, { recursive: true, force: true })
})

function appOf(applicationId: string, options: Partial<StreamsOptions>): StreamsApp {
  const builder = new StreamsBuilder()
  builder.stream(words).groupByKey().count({ store: 'words' }).toStream().to(counts)
  const fixed = { kafka: broker, logger: silentLogger, commitInterval: 20 }
  return new StreamsApp(builder.build(), { ...fixed, ...options, applicationId })
}

async function counted(app: StreamsApp): Promise<void> {
  await app.start()
  await vi.waitFor(async () => expect(await app.store('words').get('k')).toBe(1), wait)
}

it('keeps applications that share a state directory apart', { timeout: 60_000 }, async () => {
  const shared = { ...fromProperties({ 'state.dir': directory, 'state.cleanup.delay.ms': 1 }) }
  await using one = appOf('one', shared)
  await using two = appOf('two', shared)
  await Promise.all([counted(one), counted(two)])
  expect((await readdir(directory)).toSorted()).toEqual(['one', 'two'])
  await one.close({ leaveGroup: true })
  await two.close({ leaveGroup: true })
  await using again = appOf('one', { stateDirectory: directory })
  await counted(again)
})

it('leaves folders alone that are none of its own', { timeout: 60_000 }, async () => {
  const home = join(directory, 'app')
  for (const folder of ['.git/objects', 'src', '7_7', 'inner/0_0/db'])
    await mkdir(join(home, folder), { recursive: true })
  await writeFile(join(home, 'src', 'app.ts'), 'mine')
  const before = (await readdir(home, { recursive: true })).toSorted()
  const own = levelStores({ directory: home })
  const old = await own.open('9_9')
  await old.write([{ key: Uint8Array.of(1), value: Uint8Array.of(1) }])
  await own.close()

  const removed: string[] = []
  const logger: Logger = {
    ...silentLogger,
    info: (text, fields) => void (text.startsWith('removed the state') && removed.push(String(fields?.['task']))),
  }
  await using app = appOf('app', { stateDirectory: directory, stateCleanupDelay: 1, logger })
  await counted(app)
  await vi.waitFor(() => expect(existsSync(join(home, '9_9'))).toBe(false), wait)
  await app.close()
  expect(removed).toEqual(['9_9'])
  const after = await readdir(home, { recursive: true })
  expect(before.filter((path) => !after.includes(path))).toEqual([])
  expect(await readdir(join(home, '7_7'))).toEqual([])
  expect(await readdir(join(home, 'inner', '0_0', 'db'))).toEqual([])
})

it('refuses the state of another application in a directory given to levelStores', { timeout: 60_000 }, async () => {
  const one = appOf('one', { stores: levelStores({ directory }) })
  await counted(one)
  await one.close({ leaveGroup: true })
  const two = appOf('two', { stores: levelStores({ directory }) })
  two.ended().catch(() => undefined)
  await expect(two.cleanUp()).rejects.toMatchObject({ code: 'MR_STORE_APPLICATION' })
  expect(existsSync(join(directory, '0_0'))).toBe(true)
  await expect(two.start()).rejects.toMatchObject({ code: 'MR_STORE_APPLICATION' })
  await two.close()
  await using again = appOf('one', { stores: levelStores({ directory }) })
  await counted(again)
})

it('sets damaged state aside and says where', { timeout: 60_000 }, async () => {
  const one = appOf('one', { stateDirectory: directory })
  await counted(one)
  await one.close({ leaveGroup: true })
  const home = join(directory, 'one')
  await rm(join(home, '0_0', 'db', 'CURRENT'))
  const places: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    warn: (_text, fields) => void (fields?.['place'] !== undefined && places.push(fields['place'])),
  }
  await using again = appOf('one', { stateDirectory: directory, logger })
  await counted(again)
  expect(places).toEqual([join(home, '0_0.damaged')])
  expect((await readdir(join(home, '0_0.damaged'))).toSorted()).toEqual(['db', 'marker.json'])
})
