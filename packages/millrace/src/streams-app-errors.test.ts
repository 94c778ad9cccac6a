/** What a user is told when something is wrong: the named error, the text, and what is left behind. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedBroker } from '@millrace/broker'
import { int64, json, nullable, type StreamsError, string, StreamsBuilder, Topology, topic } from '@millrace/core'
import { memoryStores } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })
const wait = { timeout: 20_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close()))
  await client.close()
  await broker.close()
})

function appOf(topology: Topology, options: Partial<StreamsOptions> = {}): StreamsApp {
  const app = new StreamsApp(topology, {
    applicationId: 'app',
    kafka: broker,
    commitInterval: 50,
    linger: 5,
    sessionTimeout: 6_000,
    heartbeatInterval: 200,
    logger: silentLogger,
    ...(options.stateDirectory === undefined ? { stores: memoryStores() } : {}),
    ...options,
  })
  apps.push(app)
  return app
}

function through(fn: (value: string) => string = (value) => value): Topology {
  const builder = new StreamsBuilder()
  builder.stream(input).mapValues(fn).to(output)
  return builder.build()
}

async function write(...values: readonly string[]): Promise<void> {
  const writer = client.writer(input)
  await writer.ready()
  for (const value of values) writer.send('k', value)
  await writer.flush()
}

async function written(): Promise<(string | null)[]> {
  const values = []
  for await (const { value } of client.read(output)) values.push(value)
  return values
}

/** The error that ended an application. */
async function endOf(app: StreamsApp): Promise<StreamsError> {
  return app.ended().then(
    () => {
      throw new Error('it ended without an error')
    },
    (error: unknown) => error as StreamsError,
  )
}

describe('a running application', () => {
  it('stops in state ERROR when a processor throws, and says which node and record', async () => {
    await client.createTopics([input, output])
    const app = appOf(
      through((value) => {
        if (value === 'bad') throw new TypeError('no such thing')
        return value
      }),
    )
    await app.start()
    await write('good', 'bad', 'later')
    const error = await endOf(app)
    expect(error).toMatchObject({ code: 'MR_RECORD_PROCESS', details: { topic: 'input', offset: 1 } })
    expect(error.message).toContain('no such thing')
    expect(app.state).toBe('ERROR')
  })

  it('goes on with a new worker when onUncaughtError says so, from what was committed', async () => {
    await client.createTopics([input, output])
    let failures = 0
    const app = appOf(
      through((value) => {
        if (value === 'flaky' && failures++ === 0) throw new Error('first time')
        return value
      }),
      { onUncaughtError: 'replace-worker' },
    )
    await app.start()
    await write('a', 'flaky', 'b')
    await vi.waitFor(async () => expect(new Set(await written())).toEqual(new Set(['a', 'flaky', 'b'])), wait)
    expect(app.metrics().find(({ name }) => name === 'failed-stream-threads')?.value).toBe(1)
  })

  it('stops every instance when one answers shut-down-application', async () => {
    await client.createTopics([input, output], { partitions: 2 })
    const failing = (value: string): string => {
      if (value === 'bad') throw new Error('poison')
      return value
    }
    const one = appOf(through(failing), { onUncaughtError: 'shut-down-application' })
    const two = appOf(through(failing), { onUncaughtError: 'shut-down-application' })
    const ends = Promise.all([endOf(one), endOf(two)])
    await one.start()
    await two.start()
    await vi.waitFor(() => expect([one.state, two.state]).toEqual(['RUNNING', 'RUNNING']), wait)
    await write('bad')
    await ends
    expect([one.state, two.state]).toEqual(['ERROR', 'ERROR'])
  })

  it('leaves out what cannot be decoded when told to, and stops by default', async () => {
    const typed = topic('input', { key: string(), value: json() })
    await client.createTopics([input, output])
    const builder = new StreamsBuilder()
    builder
      .stream(typed)
      .mapValues((value) => String(value))
      .to(output)
    await write('"fine"', '{broken', '"again"')
    const strict = appOf(builder.build())
    await strict.start()
    const error = await endOf(strict)
    expect(error).toMatchObject({ code: 'MR_RECORD_DESERIALIZE' })
    const lenientBuilder = new StreamsBuilder()
    lenientBuilder
      .stream(typed)
      .mapValues((value) => String(value))
      .to(output)
    const lenient = appOf(lenientBuilder.build(), { onDeserializationError: 'continue', applicationId: 'lenient' })
    await lenient.start()
    await vi.waitFor(async () => expect((await written()).slice(-2)).toEqual(['fine', 'again']), wait)
  })

  it.each([
    ['stops by default', 'fail' as const],
    ['goes on without it when told to', 'continue' as const],
  ])('%s when a record is too large to be sent', async (_, onProductionError) => {
    await client.createTopics([input, output])
    const app = appOf(
      through((value) => (value === 'big' ? 'x'.repeat(200_000) : value)),
      { onProductionError, maxRequestSize: 100_000 },
    )
    const ended = app.ended().catch((error: unknown) => error as StreamsError)
    await app.start()
    await write('a', 'big', 'b')
    if (onProductionError === 'fail') {
      expect(await ended).toMatchObject({ code: 'MR_RECORD_PRODUCE' })
      expect(((await ended) as StreamsError).message).toContain('output')
    } else {
      await vi.waitFor(async () => expect(await written()).toEqual(['a', 'b']), wait)
    }
  })

  it('says that its source topic was deleted', async () => {
    await client.createTopics([input, output])
    const app = appOf(through())
    const ended = endOf(app)
    await app.start()
    await vi.waitFor(() => expect(app.state).toBe('RUNNING'), wait)
    const { Cluster, deleteTopics } = await import('@millrace/protocol')
    const { nodeClock, nodeRandom, nodeTimers } = await import('@millrace/runtime/internal')
    const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
    await using admin = new Cluster(await broker.transport().open('admin'), around)
    await deleteTopics(admin, ['input'])
    expect(await ended).toMatchObject({ code: 'MR_PROTOCOL_TOPIC_MISSING', details: { topic: 'input' } })
  })
})

describe('closing an application', () => {
  it('gives up after its timeout when the cluster is gone', async () => {
    const peer = await EmbeddedBroker.start({ port: 0 })
    const target = { brokers: [peer.bootstrap] }
    await using other = new KafkaClient(target)
    await other.createTopics([input, output])
    const app = appOf(through(), { kafka: target })
    await app.start()
    await vi.waitFor(() => expect(app.state).toBe('RUNNING'), wait)
    const writer = other.writer(input)
    await writer.ready()
    writer.send('k', 'v')
    await writer.flush()
    await peer.close()
    await app.close({ timeout: 300 })
    expect(app.state).toBe('NOT_RUNNING')
  })
})

describe('starting an application', () => {
  it('names the source topics that are missing', async () => {
    await client.createTopics([output])
    const app = appOf(through())
    const ended = endOf(app)
    await app.start()
    expect(await ended).toMatchObject({ code: 'MR_RUNTIME_TOPIC_MISSING', details: { topics: 'input' } })
    expect(app.state).toBe('ERROR')
  })

  it('names a sink topic that is missing', async () => {
    await client.createTopics([input])
    const app = appOf(through())
    const ended = endOf(app)
    await app.start()
    expect(await ended).toMatchObject({ code: 'MR_PROTOCOL_TOPIC_MISSING', details: { topic: 'output' } })
  })

  it('refuses joined topics with different partition counts', async () => {
    await client.createTopics([input], { partitions: 2 })
    await client.createTopics([output], { partitions: 3 })
    const builder = new StreamsBuilder()
    const table = builder.table(output)
    builder
      .stream(input)
      .join(table, (left: string, right: string) => left + right)
      .foreach(() => undefined)
    const app = appOf(builder.build())
    const ended = endOf(app)
    await app.start()
    const error = await ended
    expect(error).toMatchObject({ code: 'MR_RUNTIME_COPARTITION' })
    expect(error.message).toMatch(/input \(2\).*output \(3\)/)
  })

  it('refuses an internal topic with another number of partitions than the topology needs', async () => {
    await client.createTopics([input, output], { partitions: 2 })
    await client.createTopics([{ name: 'app-counts-changelog' }], { partitions: 5 })
    const builder = new StreamsBuilder()
    builder.stream(input).groupByKey().count({ store: 'counts' })
    const app = appOf(builder.build())
    const ended = endOf(app)
    await app.start()
    expect(await ended).toMatchObject({
      code: 'MR_RUNTIME_INTERNAL_TOPIC',
      details: { topic: 'app-counts-changelog', expected: 2, actual: 5 },
    })
  })

  it('refuses a state directory that another application uses', async () => {
    await client.createTopics([input, output])
    const directory = await mkdtemp(join(tmpdir(), 'millrace-lock-'))
    try {
      const first = appOf(through(), { stateDirectory: directory })
      await first.start()
      const second = appOf(through(), { stateDirectory: directory })
      second.ended().catch(() => undefined)
      await expect(second.start()).rejects.toMatchObject({ code: 'MR_STORE_LOCKED' })
      expect(second.state).toBe('ERROR')
      await first.close()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('gives up a cluster that cannot be reached, with the reason', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const app = appOf(through(), {
      kafka: { brokers: [`127.0.0.1:${port}`] },
      requestTimeout: 600,
      fetchMaxWait: 500,
    })
    app.ended().catch(() => undefined)
    await expect(app.start()).rejects.toMatchObject({ code: 'MR_RUNTIME_UNREACHABLE' })
    await expect(app.ended()).rejects.toThrow('nothing listens there')
    expect(app.state).toBe('ERROR')
  })

  it('says long before that it tries, where, and what to check', async () => {
    // It takes connections and never answers.
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const lines: { text: string; fields: object }[] = []
    const logger = { ...silentLogger, warn: (text: string, fields: object = {}) => void lines.push({ text, fields }) }
    const kafka = { brokers: [`127.0.0.1:${port}`] }
    const app = appOf(through(), { kafka, logger })
    app.ended().catch(() => undefined)
    app.start().catch(() => undefined)
    await using other = new KafkaClient({ brokers: ['127.0.0.1:1'] }, { logger, reachTimeout: '400ms' })
    await expect(other.createTopics([input])).rejects.toMatchObject({ code: 'MR_RUNTIME_UNREACHABLE' })
    const brokersSaid = (): unknown[] => lines.map(({ fields }) => (fields as { brokers?: string }).brokers)
    expect(brokersSaid()).toContain('127.0.0.1:1')
    await vi.waitFor(() => expect(brokersSaid()).toContain(`127.0.0.1:${port}`), wait)
    expect(lines[0]?.text).toBe('the cluster is not reached yet')
    expect(lines[0]?.fields).toMatchObject({ attempts: 1, check: expect.stringContaining('kafka.brokers') as string })
    await app.close({ timeout: 100 })
    silent.close()
  })

  it('calls a host name that does not exist an option to correct, at once', async () => {
    const app = appOf(through(), { kafka: { brokers: ['no-such-host.invalid:9092'] } })
    app.ended().catch(() => undefined)
    await expect(app.start()).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID', name: 'ConfigError' })
  })
})

describe('constructing an application', () => {
  it.each([
    [{ comitInterval: 5 }, 'MR_CONFIG_UNKNOWN', 'commitInterval'],
    [{ kafka: undefined }, 'MR_CONFIG_MISSING', 'kafkajs'],
    [{ kafka: { brokers: [] } }, 'MR_CONFIG_MISSING', 'brokers'],
    [{ stateDirectory: '/tmp/x', stores: memoryStores() }, 'MR_CONFIG_CONFLICT', 'stores'],
  ])('refuses %j', (options, code, text) => {
    let error: StreamsError | undefined
    try {
      void new StreamsApp(through(), { applicationId: 'app', kafka: broker, ...options } as StreamsOptions)
    } catch (thrown) {
      error = thrown as StreamsError
    }
    expect(error?.code).toBe(code)
    expect(error?.message).toContain(text)
  })

  it('asks for the serdes of the topics of the user, and of none else', () => {
    const topology = new Topology().addSource('in', 'input').addSink('out', 'output', 'in')
    const make = (part: Partial<StreamsOptions>) => (): unknown =>
      new StreamsApp(topology, { applicationId: 'app', kafka: broker, stores: memoryStores(), ...part })
    expect(make({})).toThrow(expect.objectContaining({ code: 'MR_CONFIG_SERDE' }))
    const serdes = {
      defaultKeySerde: nullable(string()),
      defaultValueSerde: int64(),
    } as unknown as Partial<StreamsOptions>
    expect(make(serdes)).not.toThrow()
  })
})
