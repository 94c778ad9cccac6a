/**
 * What a real cluster refuses, as an application meets it: records that are too large, topics that go away, passwords and
 * rights. Each error names the thing and says what to do.
 */
import {
  KafkaClient,
  memoryStores,
  StreamsApp,
  StreamsBuilder,
  type StreamsError,
  type StreamsOptions,
  string,
  type Topic,
  topic,
  type Topology,
} from 'millrace'
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { missing } from './real-kafka.ts'

const wait = { timeout: 60_000, interval: 100 }
const mebibyte = 1024 * 1024
const silent: NonNullable<StreamsOptions['logger']> = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
const textTopic = (name: string): Topic<string, string> => topic(name, { key: string(), value: string() })

/** Both lines answer alike; the previous one is asked when MILLRACE_LONG is set. */
const asked = process.env['MILLRACE_LONG'] === undefined ? [kafkaVersions.newest] : Object.values(kafkaVersions)

for (const version of asked) {
  describe.skipIf(missing !== null || process.env['MILLRACE_KAFKA'] !== undefined)(`Kafka ${version} refuses`, () => {
    let kafka: KafkaCluster
    let client: KafkaClient
    let plain: Kafka
    let admin: Admin
    const apps: StreamsApp[] = []
    beforeAll(async () => {
      const config = {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      }
      kafka = await KafkaCluster.start({ version, sasl: true, config })
      client = new KafkaClient({ brokers: [kafka.bootstrap] })
      plain = new Kafka({ brokers: [kafka.bootstrap], logLevel: logLevel.NOTHING })
      admin = plain.admin()
      await admin.connect()
    }, 180_000)
    afterEach(async () => {
      await Promise.all(apps.splice(0).map(async (app) => app.close({ leaveGroup: true })))
    })
    afterAll(async () => {
      await admin.disconnect()
      await client.close()
      await kafka.close()
    })

    function appOf(
      topology: Topology,
      options: Partial<StreamsOptions> & { readonly applicationId: string },
    ): StreamsApp {
      const app = new StreamsApp(topology, {
        kafka: { brokers: [kafka.bootstrap] },
        stores: memoryStores(),
        commitInterval: 50,
        linger: 5,
        sessionTimeout: '6s',
        heartbeatInterval: '1s',
        logger: silent,
        ...options,
      })
      apps.push(app)
      return app
    }
    function copying(from: string, to: string): Topology {
      const builder = new StreamsBuilder()
      builder.stream(textTopic(from)).to(textTopic(to))
      return builder.build()
    }
    /** Starts it and waits for its end. @returns the error that ended it */
    async function endOf(app: StreamsApp): Promise<StreamsError> {
      const ended = app.ended().then(
        () => null,
        (thrown: unknown) => thrown as StreamsError,
      )
      await app.start().catch(() => undefined)
      const error = await ended
      if (error === null) throw new Error('it ended without an error')
      return error
    }
    async function write(to: string, ...values: readonly string[]): Promise<void> {
      const producer = plain.producer({ idempotent: true })
      await producer.connect()
      await producer.send({ topic: to, messages: values.map((value) => ({ key: 'k', value })) })
      await producer.disconnect()
    }
    async function lengths(of: string): Promise<(number | null)[]> {
      const found = []
      for await (const { value } of client.read(textTopic(of))) found.push(value?.length ?? null)
      return found
    }

    it('a record of 5 MB that is sent on, until topic and maxRequestSize let it through; reading one needs nothing', async () => {
      await client.createTopics([{ name: 'big-in' }], { configs: { 'max.message.bytes': `${10 * mebibyte}` } })
      await client.createTopics([{ name: 'big-out' }])
      const big = 'x'.repeat(5 * mebibyte)
      await write('big-in', 'first')
      await write('big-in', big)
      await write('big-in', 'last')
      const tooLarge = await endOf(appOf(copying('big-in', 'big-out'), { applicationId: 'big' }))
      expect(tooLarge).toMatchObject({ code: 'MR_RECORD_PRODUCE', details: { topic: 'big-out' } })
      expect(tooLarge.message).toMatch(/5242\d+ bytes.*1048576.*maxRequestSize.*max\.message\.bytes.*onProductionError/)
      const refused = await endOf(
        appOf(copying('big-in', 'big-out'), { applicationId: 'big', maxRequestSize: 8 * mebibyte }),
      )
      expect(refused).toMatchObject({ code: 'MR_RECORD_PRODUCE', details: { topic: 'big-out' } })
      expect(refused.message).toMatch(/max\.message\.bytes|MESSAGE_TOO_LARGE/)
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          { type: 2, name: 'big-out', configEntries: [{ name: 'max.message.bytes', value: `${10 * mebibyte}` }] },
        ],
      })
      const through = appOf(copying('big-in', 'big-out'), { applicationId: 'big', maxRequestSize: 8 * mebibyte })
      await through.start()
      await vi.waitFor(async () => expect(new Set(await lengths('big-out'))).toEqual(new Set([5, big.length, 4])), wait)
      expect((await lengths('big-out')).slice(-2)).toEqual([big.length, 4])
    }, 180_000)

    it('to go on with a source or sink topic that was deleted, and what was committed stays', async () => {
      for (const gone of ['gone-in', 'gone-out']) {
        await client.createTopics([{ name: 'gone-in' }, { name: 'gone-out' }])
        const app = appOf(copying('gone-in', 'gone-out'), { applicationId: `without-${gone}`, deliveryTimeout: '35s' })
        const ended = endOf(app)
        await write('gone-in', 'one')
        await vi.waitFor(async () => expect(await lengths('gone-out')).toContain(3), wait)
        await admin.deleteTopics({ topics: [gone] })
        if (gone === 'gone-out') await write('gone-in', 'two')
        const error = await ended
        expect(error).toMatchObject({ code: 'MR_PROTOCOL_TOPIC_MISSING', details: { topic: gone } })
        if (gone === 'gone-in') expect(await lengths('gone-out')).toEqual([3])
        else expect(await lengths('gone-in')).toEqual([3, 3])
        await app.close({ leaveGroup: true })
      }
    }, 180_000)

    it('a wrong password', async () => {
      const { bootstrap, username } = kafka.sasl
      for (const mechanism of ['plain', 'scram-sha-256'] as const) {
        const sasl = { mechanism, username, password: 'guessed' } as never
        const error = await endOf(
          appOf(copying('a', 'b'), { applicationId: 'nobody', kafka: { brokers: [bootstrap], sasl } }),
        )
        expect(error).toMatchObject({ code: 'MR_TRANSPORT_AUTHENTICATION', name: 'FatalError' })
        expect(error.message).toContain('kafka.sasl')
        expect(error.message).not.toContain('guessed')
      }
    }, 60_000)

    it('one right after the other, until all are granted', async () => {
      await client.createTopics([{ name: 'acl-in' }, { name: 'acl-out' }])
      const { bootstrap, username, password } = kafka.sasl
      const target = { brokers: [bootstrap], sasl: { mechanism: 'plain' as const, username, password } }
      const counting = (): Topology => {
        const builder = new StreamsBuilder()
        builder
          .stream(textTopic('acl-in'))
          .groupByKey()
          .count({ store: 'counts' })
          .toStream()
          .mapValues((count) => `${count}`)
          .to(textTopic('acl-out'))
        return builder.build()
      }
      const app = (part: Partial<StreamsOptions> = {}): StreamsApp =>
        appOf(counting(), { applicationId: 'acl', kafka: target, ...part })
      const grant = async (
        resourceType: number,
        resourceName: string,
        { prefixed = false, operation = AclOperationTypes.ALL } = {},
      ): Promise<void> => {
        await admin.createAcls({
          acl: [
            {
              resourceType,
              resourceName,
              resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
              principal: `User:${username}`,
              host: '*',
              operation,
              permissionType: AclPermissionTypes.ALLOW,
            },
          ],
        } as never)
      }
      const nothing = await endOf(app())
      expect(nothing).toMatchObject({ code: 'MR_PROTOCOL_AUTHORIZATION' })
      expect(nothing.message).toMatch(/acl.*Grant/)

      await grant(AclResourceTypes.GROUP, 'acl')
      const noInput = await endOf(app())
      expect(noInput.message).toMatch(/acl-in/)
      expect(noInput.message).toMatch(/[Gg]rant|describe it|Create them/)

      await grant(AclResourceTypes.TOPIC, 'acl-in')
      const unseen = await endOf(app())
      expect(unseen).toMatchObject({ code: 'MR_PROTOCOL_AUTHORIZATION' })
      expect(unseen.message).toMatch(/acl-counts-changelog.*Grant/)

      const describing = { prefixed: true, operation: AclOperationTypes.DESCRIBE }
      await grant(AclResourceTypes.TOPIC, 'acl-counts', describing)
      const noInternal = await endOf(app())
      expect(noInternal).toMatchObject({ code: 'MR_RUNTIME_INTERNAL_TOPIC_REFUSED' })
      expect(noInternal.message).toMatch(/acl-counts-changelog.*Grant the right to create topics/)

      await grant(AclResourceTypes.TOPIC, 'acl-counts', { prefixed: true })
      await write('acl-in', 'x')
      const noOutput = await endOf(app())
      expect(noOutput.message).toMatch(/acl-out/)
      expect(noOutput.message).toMatch(/[Gg]rant|describe it/)

      await grant(AclResourceTypes.TOPIC, 'acl-out')
      const noTransactions = await endOf(app({ processingGuarantee: 'exactly-once' }))
      expect(noTransactions).toMatchObject({ code: 'MR_PROTOCOL_AUTHORIZATION' })
      expect(noTransactions.message).toMatch(/"?acl-.*Grant/)

      await grant(AclResourceTypes.TRANSACTIONAL_ID, 'acl', { prefixed: true })
      await app({ processingGuarantee: 'exactly-once' }).start()
      await vi.waitFor(async () => expect(await lengths('acl-out')).toEqual([1]), wait)
    }, 180_000)
  })
}
