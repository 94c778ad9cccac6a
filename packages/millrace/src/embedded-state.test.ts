import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
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
