/** Missing rights are named, whatever they are missing for: a real broker with an authorizer and a user without ACLs. */
import { FatalError, type StreamsError } from '@millrace/core'
import {
  commitOffsets,
  Cluster,
  fetchCommittedOffsets,
  outsider,
  Producer,
  TransactionalProducer,
} from '@millrace/protocol'
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { baseMs, bytes, Fixture, surroundings } from '../protocol-client/fixture.ts'
import { missing } from './real-kafka.ts'

const config = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

describe.skipIf(missing !== null || process.env['MILLRACE_KAFKA'] !== undefined)('a user without rights', () => {
  let kafka: KafkaCluster
  beforeAll(async () => {
    kafka = await KafkaCluster.start({ version: kafkaVersions.newest, sasl: true, config })
  })
  afterAll(async () => kafka.close())

  const owner = (): Fixture => new Fixture(kafkajsTransport({ brokers: [kafka.bootstrap] }))
  const stranger = (): Fixture => {
    const { bootstrap, username, password } = kafka.sasl
    return new Fixture(kafkajsTransport({ brokers: [bootstrap], sasl: { mechanism: 'plain', username, password } }))
  }
  const errorOf = async (promise: Promise<unknown>): Promise<StreamsError> => {
    const error = await promise.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(FatalError)
    return error as StreamsError
  }

  it('may not see a topic', async () => {
    await using f = owner()
    const topic = await f.topic()
    await using s = stranger()
    const cluster = await s.cluster()
    const error = await errorOf(cluster.metadata.need([topic]))
    expect(error.code).toBe('MR_PROTOCOL_AUTHORIZATION')
    expect(error.message).toContain(topic)
  })

  it('may not write to it, nor read it', async () => {
    await using f = owner()
    const topic = await f.topic()
    await using s = stranger()
    const producer = new Producer(await s.cluster('produce'))
    producer.append(topic, 0, null, bytes('x'), baseMs)
    expect((await errorOf(producer.flush())).code).toBe('MR_PROTOCOL_AUTHORIZATION')
    const fetcher = await s.fetcher()
    fetcher.assign([{ topic, partition: 0, offset: 0 }])
    const poll = async (): Promise<never> => {
      for (;;) await fetcher.poll(100)
    }
    expect((await errorOf(poll())).code).toBe('MR_PROTOCOL_AUTHORIZATION')
  })

  it('may not use a group or a transactional id', async () => {
    await using s = stranger()
    const cluster = await s.cluster()
    const partition = { topic: 't', partition: 0 }
    const reading = await errorOf(fetchCommittedOffsets(cluster, 'some-group', [partition]))
    expect(reading.code).toBe('MR_PROTOCOL_AUTHORIZATION')
    expect(reading.message).toContain('some-group')
    const writing = await errorOf(commitOffsets(cluster, outsider('some-group'), [{ ...partition, offset: 1 }]))
    expect(writing.code).toBe('MR_PROTOCOL_AUTHORIZATION')
    const producer = new TransactionalProducer(await s.cluster('produce'), { transactionalId: 'some-id' })
    const initialising = await errorOf(producer.init())
    expect(initialising.code).toBe('MR_PROTOCOL_AUTHORIZATION')
    expect(initialising.message).toContain('some-id')
  })

  it('is told so, too, when the password is wrong', async () => {
    const sasl = { mechanism: 'plain', username: kafka.sasl.username, password: 'wrong' } as const
    const transport = kafkajsTransport({ brokers: [kafka.sasl.bootstrap], sasl })
    await using cluster = new Cluster(await transport.open('admin'), surroundings)
    const error = await errorOf(cluster.metadata.need(['t']))
    expect(error.code).toBe('MR_TRANSPORT_AUTHENTICATION')
    expect(error.message).not.toContain('wrong')
    await transport.close()
  })
})
