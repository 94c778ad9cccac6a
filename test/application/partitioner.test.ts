/** A partitioner of a sink that returns no partition of its topic: the application ends at once with an error that says so. */
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker, KafkaClient, memoryStores, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
import { describe, expect, it } from 'vitest'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })

interface Ending {
  readonly error: { readonly code?: string; readonly message?: string; readonly cause?: { readonly code?: string } }
  readonly written: number
}

async function endWith(chosen: unknown, processingGuarantee: 'at-least-once' | 'exactly-once'): Promise<Ending> {
  await using broker = await EmbeddedBroker.start()
  await using client = new KafkaClient(broker)
  await client.createTopics([input, output], { partitions: 2 })
  const writer = client.writer(input)
  for (let i = 0; i < 10; i++) writer.send(`k${i}`, 'v')
  await writer.flush()
  const builder = new StreamsBuilder()
  builder
    .stream(input)
    .mapValues((value) => value)
    .to(output, { partitioner: () => chosen as number })
  const options = { applicationId: 'app', kafka: broker, processingGuarantee, stores: memoryStores() }
  await using app = new StreamsApp(builder.build(), { ...options, logger: silentLogger })
  const ended = app.ended().catch((error: unknown) => error)
  await app.start()
  const error = (await ended) as Ending['error']
  await app.close()
  let written = 0
  for await (const _ of client.read(output)) written++
  return { error, written }
}

describe.each(['at-least-once', 'exactly-once'] as const)('%s', (guarantee) => {
  it.each([
    [-1, '-1'],
    [2, '2'],
    [Number.NaN, 'NaN'],
    [0.5, '0.5'],
    ['x', '"x"'],
    [Promise.resolve(0), 'a promise'],
    [[0, 7], '0,7'],
  ])('ends with the record, what was chosen and the number of partitions, for %o', async (chosen, told) => {
    const { error, written } = await endWith(chosen, guarantee)
    expect(error).toMatchObject({ code: 'MR_RECORD_PROCESS', cause: { code: 'MR_RECORD_PARTITION' } })
    expect(error.message).toMatch(/input-\d offset 0/)
    expect(error.message).toContain(`chose ${told} for topic "output", which has 2 partitions`)
    expect(written).toBe(0)
  })
})

it('closes within its timeout under exactly-once when nothing can be delivered', async () => {
  const broker = await EmbeddedBroker.start({ port: 0 })
  const client = new KafkaClient(broker)
  await client.createTopics([input, output])
  let processed: () => void = () => undefined
  const isProcessed = new Promise<void>((resolve) => (processed = resolve))
  const builder = new StreamsBuilder()
  builder
    .stream(input)
    .peek(() => processed())
    .to(output)
  const app = new StreamsApp(builder.build(), {
    applicationId: 'app',
    kafka: { brokers: [broker.bootstrap] },
    processingGuarantee: 'exactly-once',
    commitInterval: '5s',
    stores: memoryStores(),
    logger: silentLogger,
  })
  app.ended().catch(() => undefined)
  await app.start()
  const writer = client.writer(input)
  writer.send('k', 'v')
  await writer.flush()
  await isProcessed
  await client.close()
  await broker.close()
  const isClosed = app.close({ timeout: '500ms' }).then(() => 'closed')
  expect(await Promise.race([isClosed, sleep(20_000, 'hangs', { ref: false })])).toBe('closed')
})
