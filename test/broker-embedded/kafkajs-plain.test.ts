/** A foreign client, kafkajs with its own producer, consumer and admin, against the embedded broker's TCP port. */
import { EmbeddedBroker } from '@millrace/broker'
import { Kafka, logLevel, type Consumer, type EachMessagePayload } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let broker: EmbeddedBroker
let kafka: Kafka

beforeAll(async () => {
  broker = await EmbeddedBroker.start({ port: 0 })
  kafka = new Kafka({
    clientId: 'foreign',
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 20 },
  })
})

afterAll(async () => {
  await broker.close()
})

describe('kafkajs against the embedded broker', () => {
  it('creates, lists, describes and deletes topics', async () => {
    const admin = kafka.admin()
    await admin.connect()
    try {
      await admin.createTopics({ topics: [{ topic: 'made', numPartitions: 3 }], waitForLeaders: true })
      expect(await admin.listTopics()).toContain('made')
      const { topics } = await admin.fetchTopicMetadata({ topics: ['made'] })
      expect(topics[0]?.partitions.map((partition) => partition.partitionId).sort()).toEqual([0, 1, 2])
      expect((await admin.describeCluster()).brokers).toHaveLength(1)
      await admin.createPartitions({ topicPartitions: [{ topic: 'made', count: 5 }] })
      expect((await admin.fetchTopicMetadata({ topics: ['made'] })).topics[0]?.partitions).toHaveLength(5)
      await admin.deleteTopics({ topics: ['made'] })
      expect(await admin.listTopics()).not.toContain('made')
    } finally {
      await admin.disconnect()
    }
  })

  it('produces and consumes in a group of two members', async () => {
    await createTopic('shared', 4)
    const producer = kafka.producer({ idempotent: true })
    await producer.connect()
    const sent = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: `v${i}` }))
    await producer.send({ topic: 'shared', messages: sent.slice(0, 100) })

    const seen = new Map<string, string>()
    const owners = new Map<number, Set<string>>()
    const consumers = ['one', 'two'].map((name) => ({ name, consumer: kafka.consumer(groupOptions('pair')) }))
    const all = gather(200, seen)
    for (const { name, consumer } of consumers) {
      await start(consumer, 'shared', async ({ message, partition }) => {
        owners.set(partition, (owners.get(partition) ?? new Set()).add(name))
        all.add(String(message.key), String(message.value))
      })
    }
    await producer.send({ topic: 'shared', messages: sent.slice(100) })
    await all.done
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(sent.map(({ key, value }) => [key, value])))

    const admin = kafka.admin()
    await admin.connect()
    const described = await admin.describeGroups(['pair'])
    expect(described.groups[0]?.members).toHaveLength(2)
    expect(described.groups[0]?.state).toBe('Stable')
    await Promise.all(consumers.map(({ consumer }) => consumer.disconnect()))
    const offsets = await admin.fetchOffsets({ groupId: 'pair', topics: ['shared'] })
    const committed = offsets[0]?.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
    expect(committed).toBe(200)
    await admin.deleteGroups(['pair'])
    expect((await admin.listGroups()).groups.map((group) => group.groupId)).not.toContain('pair')
    await admin.disconnect()
    await producer.disconnect()
  })

  it('resets offsets and finds them by time', async () => {
    await createTopic('timed', 1)
    const producer = kafka.producer()
    await producer.connect()
    for (const timestamp of [1000, 2000, 3000]) {
      await producer.send({ topic: 'timed', messages: [{ value: String(timestamp), timestamp: String(timestamp) }] })
    }
    await producer.disconnect()
    const admin = kafka.admin()
    await admin.connect()
    expect((await admin.fetchTopicOffsetsByTimestamp('timed', 1500))[0]?.offset).toBe('1')
    expect((await admin.fetchTopicOffsets('timed'))[0]).toMatchObject({ low: '0', high: '3' })
    await admin.deleteTopicRecords({ topic: 'timed', partitions: [{ partition: 0, offset: '2' }] })
    expect((await admin.fetchTopicOffsets('timed'))[0]).toMatchObject({ low: '2', high: '3' })
    await admin.disconnect()
  })
})

describe('transactions of kafkajs on the embedded broker', () => {
  it('commit with offsets, abort, and are read committed only', async () => {
    await createTopic('moved', 1)
    const producer = kafka.producer({ transactionalId: 'mover', maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    const committed = await producer.transaction()
    await committed.send({ topic: 'moved', messages: [{ key: 'a', value: 'kept' }] })
    await committed.sendOffsets({
      consumerGroupId: 'movers',
      topics: [{ topic: 'moved', partitions: [{ partition: 0, offset: '1' }] }],
    })
    await committed.commit()
    const aborted = await producer.transaction()
    await aborted.send({ topic: 'moved', messages: [{ key: 'b', value: 'dropped' }] })
    await aborted.abort()
    const last = await producer.transaction()
    await last.send({ topic: 'moved', messages: [{ key: 'c', value: 'last' }] })
    await last.commit()
    await producer.disconnect()

    const seen = new Map<string, string>()
    const all = gather(2, seen)
    const consumer = kafka.consumer({ ...groupOptions('readers'), readUncommitted: false })
    await start(consumer, 'moved', async ({ message }) => all.add(String(message.key), String(message.value)))
    await all.done
    await consumer.disconnect()
    expect(Object.fromEntries(seen)).toEqual({ a: 'kept', c: 'last' })
    const admin = kafka.admin()
    await admin.connect()
    const offsets = await admin.fetchOffsets({ groupId: 'movers', topics: ['moved'] })
    expect(offsets[0]?.partitions[0]?.offset).toBe('1')
    await admin.disconnect()
  })
})

describe('a broker that asks for a password', () => {
  it('lets in who knows it, and refuses others by name', async () => {
    await using guarded = await EmbeddedBroker.start({ port: 0, users: { alice: 'secret' } })
    const client = (password: string): Kafka =>
      new Kafka({
        brokers: [guarded.bootstrap],
        logLevel: logLevel.NOTHING,
        retry: { retries: 0 },
        sasl: { mechanism: 'plain', username: 'alice', password },
      })
    const admin = client('secret').admin()
    await admin.connect()
    expect(await admin.listTopics()).toEqual([])
    await admin.disconnect()
    const stranger = client('guess').admin()
    await expect(stranger.connect()).rejects.toThrow(/Invalid username or password/)
    await stranger.disconnect()
  })
})

async function createTopic(topic: string, numPartitions: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })
  await admin.disconnect()
}

function groupOptions(groupId: string): Parameters<Kafka['consumer']>[0] {
  return { groupId, heartbeatInterval: 100, maxWaitTimeInMs: 100, retry: { initialRetryTime: 20 } }
}

async function start(
  consumer: Consumer,
  topic: string,
  eachMessage: (payload: EachMessagePayload) => Promise<void>,
): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage })
}

function gather(
  count: number,
  seen: Map<string, string>,
): { add: (k: string, v: string) => void; done: Promise<void> } {
  let finish: () => void
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const add = (key: string, value: string): void => {
    seen.set(key, value)
    if (seen.size === count) finish()
  }
  return { add, done }
}
