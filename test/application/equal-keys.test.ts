/** Co-partitioned sides agree on the bytes of their keys: every match is found, whatever the number of partitions. */
import { EmbeddedBroker, json, KafkaClient, memoryStores, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
import { expect, it } from 'vitest'

interface Order {
  readonly user: string
}
const orders = topic('orders', { key: string(), value: json<Order>() })
const users = topic('users', { key: string(), value: string() })
const matches = topic('matches', { key: string(), value: string() })
const partitions = 4
const userCount = 20
const orderCount = 200

/** Runs a topology on 20 users and 200 orders of them. @returns how many records the output has, and its keys */
async function run(define: (builder: StreamsBuilder) => void): Promise<{ records: number; keys: number }> {
  const builder = new StreamsBuilder()
  define(builder)
  await using broker = await EmbeddedBroker.start()
  await using client = new KafkaClient(broker)
  await client.createTopics([orders, users, matches], { partitions })
  const userWriter = client.writer(users)
  await userWriter.ready()
  for (let i = 0; i < userCount; i++) userWriter.send(`u${i}`, `name ${i}`, { timestampMs: 1_000 })
  await userWriter.flush()
  const orderWriter = client.writer(orders)
  await orderWriter.ready()
  for (let i = 0; i < orderCount; i++)
    orderWriter.send(`o${i}`, { user: `u${i % userCount}` }, { timestampMs: 2_000 + i })
  await orderWriter.flush()
  const options = { applicationId: 'equal-keys', kafka: broker, stores: memoryStores(), commitInterval: 50 }
  await using app = new StreamsApp(builder.build(), { ...options, statestoreCacheMaxBytes: 0 })
  await app.start()
  const inputs = [orders.name, users.name]
  while ((await client.lag('equal-keys', inputs)).some(({ lag }) => lag > 0)) await nextTurn()
  const keys: (string | null)[] = []
  for await (const { key } of client.read(matches)) keys.push(key)
  return { records: keys.length, keys: new Set(keys).size }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('joins every record of a re-keyed stream with its row of a table', async () => {
  const found = await run((builder) => {
    const byUser = builder.stream(orders).selectKey((order) => order.user)
    byUser.join(builder.table(users), (_, name) => name).to(matches)
  })
  expect(found).toEqual({ records: orderCount, keys: userCount })
})

it('joins two streams of which one, or the other, is re-keyed', async () => {
  const byUser = (builder: StreamsBuilder) => builder.stream(orders).map((order) => [order.user, order])
  const left = await run((builder) => {
    byUser(builder)
      .join(builder.stream(users), (_, name) => name, { within: '1h' })
      .to(matches)
  })
  expect(left).toEqual({ records: orderCount, keys: userCount })
  const right = await run((builder) => {
    builder
      .stream(users)
      .join(byUser(builder), (name) => name, { within: '1h' })
      .to(matches)
  })
  expect(right).toEqual({ records: orderCount, keys: userCount })
})

it('cogroups a stream by its key with one that is re-keyed into one row per key', async () => {
  const found = await run((builder) => {
    const named = builder.stream(users).groupByKey()
    const ordered = builder.stream(orders).groupBy((order) => order.user)
    named
      .cogroup({ init: () => 0, add: (n: number) => n + 1 })
      .cogroup(ordered, (n) => n + 1)
      .aggregate({ store: 'rows' })
      .toStream()
      .filter((n) => n === 1 + orderCount / userCount)
      .mapValues((n) => String(n))
      .to(matches)
  })
  expect(found).toEqual({ records: userCount, keys: userCount })
})

it('refuses a table join in which one side has the default key serde, at construction and by name', () => {
  const builder = new StreamsBuilder()
  const perUser = builder
    .stream(orders)
    .groupBy((order) => order.user)
    .count()
  perUser
    .join(builder.table(users), (n, name) => `${name} ${n}`)
    .toStream()
    .to(matches)
  const options = { applicationId: 'equal-keys', kafka: { brokers: ['127.0.0.1:1'] } }
  expect(() => new StreamsApp(builder.build(), options)).toThrow(
    /"users".*string.*default serde \(msgpack\).*key serde/s,
  )
})

it('accepts it when the grouping names its key serde', async () => {
  const found = await run((builder) => {
    const perUser = builder
      .stream(orders)
      .groupBy((order) => order.user, { key: string() })
      .count()
    perUser
      .join(builder.table(users), (n, name) => `${name} ${n}`)
      .toStream()
      .to(matches)
  })
  expect(found.keys).toBe(userCount)
})
