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

function gather(count: number, seen: Map<string, string>): { add: (k: string, v: string) => void; done: Promise<void> } {
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
