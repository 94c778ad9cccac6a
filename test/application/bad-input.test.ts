/**
 * Bad records and bad surroundings on the embedded broker: each ends with the error that names it and says what to do, and
 * a corrected start goes on from what was committed: nothing before the bad record is lost or done again.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  bytes,
  EmbeddedBroker,
  int64,
  json,
  KafkaClient,
  memoryStores,
  nullable,
  StreamsApp,
  StreamsBuilder,
  type StreamsError,
  type StreamsOptions,
  string,
  topic,
  type Topology,
} from 'millrace'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { applicationId, type ProgramPlan } from '../crash/plan.ts'
import { Program } from '../crash/program.ts'

interface Order {
  readonly total: number
}

const raw = topic('orders', { key: bytes(), value: bytes() })
const orders = topic('orders', { key: string(), value: json<Order>() })
const totals = topic('totals', { key: string(), value: int64() })
const dead = topic('dead', { key: bytes(), value: bytes() })
const wait = { timeout: 30_000, interval: 20 }
const silent: NonNullable<StreamsOptions['logger']> = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
const bytesOf = (text: string | null): Uint8Array | null => (text === null ? null : new TextEncoder().encode(text))
const good = (total: number): string => JSON.stringify({ total })

let directory = ''
let broker: EmbeddedBroker
let client: KafkaClient
const apps: StreamsApp[] = []

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-bad-input-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))
beforeEach(async () => {
  broker = await EmbeddedBroker.start({ port: 0 })
  client = new KafkaClient(broker)
  await client.createTopics([orders, totals, dead])
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close()))
  await client.close()
  await broker.close()
})

function summing(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(orders)
    .groupByKey()
    .aggregate({ init: () => 0, add: (sum, order) => sum + order.total, store: 'sums', value: int64() })
    .toStream()
    .to(totals)
  return builder.build()
}

function appOf(options: Partial<StreamsOptions> = {}, topology: Topology = summing()): StreamsApp {
  const app = new StreamsApp(topology, {
    applicationId: 'app',
    kafka: broker,
    commitInterval: 30,
    linger: 5,
    sessionTimeout: '6s',
    heartbeatInterval: 200,
    groupInstanceId: 'one',
    logger: silent,
    ...(options.stateDirectory === undefined ? { stores: memoryStores() } : {}),
    ...options,
  })
  apps.push(app)
  return app
}

type Written = readonly [key: string | null, value: string | null, timestampMs?: number]
async function write(...records: readonly Written[]): Promise<void> {
  await using writer = client.writer(raw)
  await writer.ready()
  for (const [key, value, timestampMs] of records) {
    const at = timestampMs === undefined ? {} : { timestampMs }
    writer.send(bytesOf(key) as Uint8Array, bytesOf(value), at)
  }
  await writer.flush()
}

async function sums(): Promise<Record<string, number | null>> {
  const rows: Record<string, number | null> = {}
  for await (const { key, value } of client.read(totals)) rows[key ?? ''] = value
  return rows
}
const committed = async (): Promise<number> => {
  const [lag] = await client.lag('app', ['orders'])
  return lag?.committed ?? -1
}

/** The error that ends an application, with its code. */
async function endOf(app: StreamsApp): Promise<StreamsError> {
  const error = await app.ended().then(
    () => null,
    (thrown: unknown) => thrown as StreamsError,
  )
  if (error === null) throw new Error('it ended without an error')
  return error
}

/** Two good records that are committed, then bad ones; @returns the error that ends the application. */
async function failsOn(options: Partial<StreamsOptions>, ...bad: readonly Written[]): Promise<StreamsError> {
  const app = appOf(options)
  const ended = endOf(app)
  await app.start()
  await write(['a', good(1)], ['b', good(2)])
  await vi.waitFor(async () => expect(await committed()).toBe(2), wait)
  await write(...bad)
  const error = await ended
  expect(app.state).toBe('ERROR')
  await app.close()
  expect(await committed()).toBeGreaterThanOrEqual(2)
  expect(await sums()).toMatchObject({ a: 1, b: 2 })
  return error
}

describe('a bad record', () => {
  const undecodable: Written = ['a', '{"total":']

  it('that cannot be decoded stops by default, is left out on demand, and can be looked at in the dead letter topic', async () => {
    const error = await failsOn({}, undecodable, ['a', good(10)])
    expect(error).toMatchObject({ code: 'MR_RECORD_DESERIALIZE', name: 'RecordError' })
    expect(error.details).toMatchObject({ topic: 'orders', partition: 0, offset: 2 })
    expect(error.message).toContain('onDeserializationError')
    const lenient = appOf({ onDeserializationError: 'continue' })
    await lenient.start()
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 11, b: 2 }), wait)
    await lenient.close()
    await write(['b', 'no json'], ['b', good(20)])
    const careful = appOf({ onDeserializationError: 'dead-letter', errorsDeadLetterQueueTopicName: 'dead' })
    await careful.start()
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 11, b: 22 }), wait)
    const letters = []
    for await (const { value, headers } of client.read(dead)) {
      const origin = headers.filter(({ key }) => /errors\.(topic|offset)$/.test(key)).map((header) => header.value)
      letters.push([value, ...origin].map((each) => new TextDecoder().decode(each ?? new Uint8Array())))
    }
    expect(letters).toEqual([['no json', 'orders', '4']])
  })

  it('with a null key or value that its topic does not declare is named, and left out on demand', async () => {
    const value = await failsOn({}, ['a', null])
    expect(value).toMatchObject({ code: 'MR_RECORD_NULL_VALUE', details: { topic: 'orders', offset: 2 } })
    expect(value.message).toContain('nullable')
    const key = appOf({
      onDeserializationError: (error) =>
        (error as StreamsError).code === 'MR_RECORD_NULL_VALUE' ? 'continue' : 'fail',
    })
    const ended = endOf(key)
    await key.start()
    await write([null, good(5)])
    const error = await ended
    expect(error).toMatchObject({ code: 'MR_RECORD_NULL_KEY', details: { topic: 'orders', offset: 3 } })
    expect(error.message).toContain('nullable')
    await key.close()
    const lenient = appOf({ onDeserializationError: 'continue' })
    await lenient.start()
    await write(['a', good(7)])
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 8, b: 2 }), wait)
  })

  it('with a null key or value is none where the topic declares it', async () => {
    const open = topic('orders', { key: nullable(string()), value: nullable(string()) })
    const seen: (readonly [string | null, string | null])[] = []
    const builder = new StreamsBuilder()
    builder.stream(open).foreach((value, key) => void seen.push([key, value]))
    await appOf({}, builder.build()).start()
    await write([null, 'x'], ['a', null], [null, null])
    await vi.waitFor(async () => expect(await committed()).toBe(3), wait)
    expect(seen).toEqual([
      [null, 'x'],
      ['a', null],
      [null, null],
    ])
  })

  it('with a negative timestamp stops with advice, and is skipped or given a time when told to', async () => {
    const error = await failsOn({}, ['a', good(10), -5])
    expect(error).toMatchObject({ code: 'MR_RECORD_TIMESTAMP', details: { offset: 2, timestampMs: -5 } })
    expect(error.message).toContain('timestampExtractor')
    const skipping = appOf({ defaultTimestampExtractor: 'log-and-skip' })
    await skipping.start()
    await write(['b', good(20)])
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 1, b: 22 }), wait)
    await skipping.close()
    await write(['a', good(100), -1])
    const giving = appOf({ defaultTimestampExtractor: 'wall-clock' })
    await giving.start()
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 101, b: 22 }), wait)
  })
})

describe('a state directory', () => {
  it('that another process uses is refused with the id of that process, which goes on', async () => {
    const stateDirectory = join(directory, 'shared')
    const app = appOf({ stateDirectory, applicationId })
    await app.start()
    const plan: ProgramPlan = {
      kafka: broker.bootstrap,
      brokerDirectory: '',
      stateDirectory,
      progressFile: join(directory, 'progress'),
      partitions: 1,
      guarantee: 'at-least-once',
      commitIntervalMs: 100,
      instance: null,
      feeds: false,
      finishes: false,
      dieAt: null,
    }
    const second = new Program(plan)
    expect(await second.ended()).toBe(1)
    expect(second.last('failed')).toMatchObject({ code: 'MR_STORE_LOCKED' })
    expect(second.last('failed')?.message).toContain(`process ${process.pid}`)
    expect(second.last('failed')?.message).toContain('stateDirectory')
    await write(['a', good(1)])
    await vi.waitFor(async () => expect(await sums()).toEqual({ a: 1 }), wait)
  })

  const disk = join(tmpdir(), `millrace-full-disk-${process.pid}`)
  afterEach(() => {
    // lazily: after a failure the application still has files there
    spawnSync('umount', ['-l', disk])
    rmSync(disk, { recursive: true, force: true })
  })

  it('on a full disk stops the application, which goes on when there is room', async (context) => {
    mkdirSync(disk, { recursive: true })
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]).status !== 0) {
      console.warn('SKIPPED: a full disk, because this user may not mount a small file system')
      context.skip()
    }
    const stateDirectory = join(disk, 'state')
    const options: Partial<StreamsOptions> = { stateDirectory, processingGuarantee: 'exactly-once' }
    const app = appOf(options)
    const ended = endOf(app)
    await app.start()
    const padding = 'x'.repeat(1_000)
    const expected: Record<string, number> = {}
    for (let turn = 0; app.state !== 'ERROR' && turn < 100; turn++) {
      const records = Array.from({ length: 100 }, (_, i): Written => {
        const key = `${turn}-${i}-${padding}`
        expected[key] = turn
        return [key, good(turn)]
      })
      await write(...records)
      const end = (turn + 1) * 100
      await vi.waitFor(async () => expect((await committed()) >= end || app.state === 'ERROR').toBe(true), wait)
    }
    const error = await ended
    expect(error).toMatchObject({ code: 'MR_STORE_DISK_FULL', name: 'FatalError' })
    expect(error.message).toContain(disk)
    await app.close()
    expect(spawnSync('mount', ['-o', 'remount,size=64m', disk]).status).toBe(0)
    const again = appOf(options)
    await again.start()
    await vi.waitFor(async () => expect(Object.keys(await sums())).toHaveLength(Object.keys(expected).length), wait)
    expect(await sums()).toEqual(expected)
    const view = again.store<string, number>('sums')
    const [first = ''] = Object.keys(expected)
    await vi.waitFor(async () => expect(await view.get(first)).toBe(expected[first]), wait)
  }, 120_000)
})

describe('a cluster that asks for a password', () => {
  it('is told apart from one that is away, and the password is not shown', async () => {
    await using guarded = await EmbeddedBroker.start({ port: 0, users: { alice: 'right' } })
    const sasl = { mechanism: 'plain', username: 'alice', password: 'not-right' } as const
    const app = appOf({ kafka: { brokers: [guarded.bootstrap], sasl } })
    const ended = endOf(app)
    const error = await app.start().then(
      () => null,
      (thrown: unknown) => thrown as StreamsError,
    )
    expect(error).toMatchObject({ code: 'MR_TRANSPORT_AUTHENTICATION', name: 'FatalError' })
    expect(error?.message).toContain('kafka.sasl')
    expect(error?.message).not.toContain('not-right')
    expect(await ended).toBe(error)
  })
})
