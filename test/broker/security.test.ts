/** SASL and TLS on a real Kafka: what works, and what each wrong setting is told. */
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import { memoryStores, StreamsApp, StreamsBuilder, string, topic, KafkaClient } from 'millrace'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { describesTls, identity } from '../tls/tls-contract.ts'
import { missing } from './real-kafka.ts'

const input = topic('secured-in', { key: string(), value: string() })
const output = topic('secured-out', { key: string(), value: string() })

describe.skipIf(missing !== null || process.env['MILLRACE_KAFKA'] !== undefined)('an application on SASL', () => {
  let kafka: KafkaCluster
  beforeAll(async () => {
    kafka = await KafkaCluster.start({ version: kafkaVersions.newest, sasl: true })
    await using client = new KafkaClient({ brokers: [kafka.bootstrap] })
    await client.createTopics([input, output])
  }, 120_000)
  afterAll(async () => kafka.close())

  const target = (sasl: object | null) => ({ brokers: [kafka.sasl.bootstrap], ...(sasl === null ? {} : { sasl }) })
  const appOn = (sasl: object | null, applicationId: string): StreamsApp => {
    const builder = new StreamsBuilder()
    builder.stream(input).to(output)
    const app = new StreamsApp(builder.build(), {
      applicationId,
      kafka: target(sasl) as never,
      stores: memoryStores(),
      commitInterval: 100,
      requestTimeout: 2_000,
      fetchMaxWait: 500,
      logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    })
    app.ended().catch(() => undefined)
    return app
  }

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'runs with %s',
    async (mechanism) => {
      const { username, password } = kafka.sasl
      await using app = appOn({ mechanism, username, password }, `secured-${mechanism}`)
      await app.start()
      await vi.waitFor(() => expect(app.state).toBe('RUNNING'), { timeout: 30_000, interval: 50 })
    },
    60_000,
  )

  it.each([
    ['a wrong password', { mechanism: 'plain', username: 'alice', password: 'wrong' }, 'MR_TRANSPORT_AUTHENTICATION'],
    ['no credentials at all', null, 'MR_RUNTIME_UNREACHABLE'],
  ])(
    'names %s at the start',
    async (_, sasl, code) => {
      const app = appOn(sasl, 'refused')
      const error = await app.start().then(
        () => null,
        (thrown: unknown) => thrown as { code: string; message: string },
      )
      expect(error?.code).toBe(code)
      expect(error?.message).toMatch(/kafka\.sasl/)
      expect(app.state).toBe('ERROR')
    },
    60_000,
  )
})

const noTls = missing !== null || process.env['MILLRACE_KAFKA'] !== undefined || identity === null
describe.skipIf(noTls)('TLS to a real Kafka', () => {
  let kafka: KafkaCluster
  beforeAll(async () => {
    kafka = await KafkaCluster.start({ version: kafkaVersions.newest, tlsKeyStore: identity?.keyStore ?? '' })
  }, 120_000)
  afterAll(async () => kafka.close())
  describesTls(() => ({ bootstrap: kafka.tlsBootstrap }))
})
