import { readFile } from 'node:fs/promises'
import { int64, json, string, topic } from '@millrace/core'
import { EmbeddedBroker } from '@millrace/broker'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { KafkaClient } from './kafka-client.ts'

const orders = topic('orders', { key: string(), value: json<{ total: number }>() })
const counts = topic('counts', { key: string(), value: int64() })

let broker: EmbeddedBroker
let client: KafkaClient

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
})
afterEach(async () => {
  await client.close()
  await broker.close()
})

it('runs as the example of the documentation says', async () => {
  await client.createTopics([orders], { partitions: 6 })
  const writer = client.writer(orders)
  writer.send('a', { total: 12 })
  await writer.flush()
  const source = await readFile(new URL('kafka-client.ts', import.meta.url), 'utf8')
  const self = await readFile(new URL('topic-writer.test.ts', import.meta.url), 'utf8')
  const example = source.match(/@example\n([^/]*)\*\//)?.[1]?.split('\n') ?? []
  // All but the first one, which names the brokers.
  const lines = example
    .map((line) => line.replace(/^ \*/, '').trim())
    .filter((line) => line !== '')
    .slice(1)
  expect(lines).toHaveLength(4)
  for (const line of lines) expect(self.split('\n').map((own) => own.trim())).toContain(line)
  const read = []
  for await (const record of client.read(orders)) read.push(record)
  expect(read).toMatchObject([{ key: 'a', value: { total: 12 }, offset: 0 }])
})

it('keeps the order of records that were sent before the topic was known, and of those after', async () => {
  await client.createTopics([counts])
  const writer = client.writer(counts)
  for (let i = 0; i < 50; i++) writer.send('k', i)
  await writer.ready()
  for (let i = 50; i < 100; i++) writer.send('k', i)
  await writer.flush()
  const values: (number | null)[] = []
  for await (const { value } of client.read(counts)) values.push(value)
  expect(values).toEqual(Array.from({ length: 100 }, (_, i) => i))
})

it.each([-1, 0.5, Number.NaN])('refuses partition %d at once', async (partition) => {
  await client.createTopics([counts], { partitions: 2 })
  const writer = client.writer(counts)
  const send = (): void => writer.send('k', 1, { partition })
  const refused = expect.objectContaining({ code: 'MR_PROTOCOL_PARTITION_MISSING' })
  expect(send).toThrow(refused)
  await writer.ready()
  expect(send).toThrow(refused)
  expect(() => writer.send('k', 1, { partition: 2 })).toThrow(/no partition 2, it has 2/)
})

it('tells with the flush what is wrong with a record sent before its topic was known', async () => {
  await client.createTopics([counts], { partitions: 2 })
  const writer = client.writer(counts)
  writer.send('k', 1, { partition: 2 })
  await expect(writer.flush()).rejects.toMatchObject({ code: 'MR_PROTOCOL_PARTITION_MISSING' })
  const large = client.writer(topic('counts', { key: string(), value: string() }), { requestBytesMax: 100 })
  large.send('k', 'x'.repeat(200), { partition: 0 })
  large.send('k', 'small', { partition: 0 })
  await expect(large.flush()).rejects.toMatchObject({ code: 'MR_PROTOCOL_RECORD_SIZE' })
})

it('refuses records after it was closed', async () => {
  await client.createTopics([counts])
  const writer = client.writer(counts)
  await writer.close()
  expect(() => writer.send('k', 1)).toThrow(expect.objectContaining({ code: 'MR_RUNTIME_CLOSED' }))
})
