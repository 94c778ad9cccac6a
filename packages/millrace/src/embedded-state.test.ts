import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@millrace/core/port'
import { expect, it, vi } from 'vitest'
import { EmbeddedBroker, KafkaClient, StreamsApp, StreamsBuilder, int64, string, topic } from './index.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })

/** Counts three words on a broker of its own. */
async function countOnce(applicationId: string): Promise<[string | null, number | null][]> {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .groupBy((word) => word)
    .count({ store: 'counts' })
    .toStream()
    .to(counts)
  await using broker = await EmbeddedBroker.start()
  await using client = new KafkaClient(broker)
  await client.createTopics([words, counts])
  await using app = new StreamsApp(builder.build(), { applicationId, kafka: broker, commitInterval: 20 })
  await app.start()
  const writer = client.writer(words)
  await writer.ready()
  for (const word of ['a', 'b', 'a']) writer.send('k', word)
  await writer.flush()
  while ((await client.lag(applicationId, [words.name])).some(({ lag }) => lag > 0)) await nextTurn()
  const rows: [string | null, number | null][] = []
  for await (const { key, value } of client.read(counts)) rows.push([key, value])
  return rows
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('keeps no state on disk for a broker in memory, so that the next one begins from nothing', async () => {
  const applicationId = `embedded-state-${process.pid}`
  const expected = new Map([
    ['a', 2],
    ['b', 1],
  ])
  expect(new Map(await countOnce(applicationId))).toEqual(expected)
  expect(new Map(await countOnce(applicationId))).toEqual(expected)
  expect(existsSync(join(tmpdir(), 'millrace', applicationId))).toBe(false)
})

it('refuses the state of another cluster, and takes it again with its own', async () => {
  const home = await mkdtemp(join(tmpdir(), 'millrace-cluster-'))
  try {
    const stateDirectory = join(home, 'state')
    const end = async (cluster: string): Promise<unknown> => {
      await using broker = await EmbeddedBroker.start({ directory: join(home, cluster) })
      await using client = new KafkaClient(broker)
      await client.createTopics([words]).catch(() => undefined)
      const builder = new StreamsBuilder()
      builder.stream(words).groupByKey().count({ store: 'words' })
      const options = { applicationId: 'app', kafka: broker, stateDirectory, logger: silentLogger, commitInterval: 20 }
      await using app = new StreamsApp(builder.build(), options)
      app.ended().catch(() => undefined)
      try {
        await app.start()
      } catch (error) {
        return { state: app.state, code: (error as { code: string }).code, message: (error as Error).message }
      }
      const writer = client.writer(words)
      await writer.ready()
      writer.send('k', 'v')
      await writer.flush()
      await vi.waitFor(async () => expect(await app.store('words').get('k')).toBeGreaterThan(0), { timeout: 20_000 })
      const found = await app.store('words').get('k')
      await app.close({ leaveGroup: true })
      return found
    }
    expect(await end('one')).toBe(1)
    const refused = await end('two')
    expect(refused).toMatchObject({ code: 'MR_STORE_CLUSTER', state: 'ERROR' })
    expect((refused as Error).message).toContain('stateDirectory')
    expect(await end('one')).toBeGreaterThan(0)
    await rm(stateDirectory, { recursive: true })
    expect(await end('two')).toBe(1)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
