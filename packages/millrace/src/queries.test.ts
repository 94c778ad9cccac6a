/** Interactive queries: every kind of store, copies on other instances, who has what. */
import {
  int64,
  keyValueStore,
  sessionStore,
  session,
  string,
  StreamsBuilder,
  timestampedKeyValueStore,
  type Topology,
  topic,
  tumbling,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { memoryStores } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { EmbeddedBroker } from '@millrace/broker'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const clicks = topic('clicks', { key: string(), value: int64() })
const rates = topic('rates', { key: string(), value: int64() })
const wait = { timeout: 20_000, interval: 20 }

let broker: EmbeddedBroker
let client: KafkaClient
const apps: StreamsApp[] = []

beforeEach(async () => {
  broker = await EmbeddedBroker.start()
  client = new KafkaClient(broker)
})
afterEach(async () => {
  await Promise.all(apps.splice(0).map(async (app) => app.close({ leaveGroup: true })))
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
    stores: memoryStores(),
    ...options,
  })
  app.ended().catch(() => undefined)
  apps.push(app)
  return app
}

async function running(...all: readonly StreamsApp[]): Promise<void> {
  await vi.waitFor(() => expect(all.map(({ state }) => state)).toEqual(all.map(() => 'RUNNING')), wait)
}

async function write(to: typeof clicks, rows: readonly (readonly [key: string, value: number, timestampMs: number])[]) {
  const writer = client.writer(to)
  await writer.ready()
  for (const [key, value, timestampMs] of rows) writer.send(key, value, { timestampMs })
  await writer.flush()
}

async function listed<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all = []
  for await (const row of rows) all.push(row)
  return all
}

const serdes = { key: string(), value: int64() }
const totals = keyValueStore('totals', serdes)
const timed = timestampedKeyValueStore('timed', serdes)
const perMinute = windowStore('per-minute', { ...serdes, windowSize: '1m', retention: '1h' })
const visits = sessionStore('visits', { ...serdes, retention: '1h' })
const prices = versionedStore('prices', { ...serdes, historyRetention: '1h' })

/** One store of each kind over the same clicks. */
function everyKind(): Topology {
  const builder = new StreamsBuilder()
  const grouped = builder.stream(clicks).groupByKey()
  grouped.reduce((sum, n) => sum + n, { store: totals })
  grouped.reduce((sum, n) => sum + n, { store: timed })
  grouped.windowedBy(tumbling('1m')).reduce((sum, n) => sum + n, { store: perMinute })
  grouped.windowedBy(session('10s')).reduce((sum, n) => sum + n, { store: visits })
  builder.table(rates, { store: prices })
  return builder.build()
}

function totalsOnly(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(clicks)
    .groupByKey()
    .reduce((sum, n) => sum + n, { store: totals })
  return builder.build()
}

const minute = 60_000
const windowAt = (startMs: number): object => ({ startMs, endMs: startMs + minute })

describe('a store that is queried', () => {
  beforeEach(async () => client.createTopics([clicks, rates]))

  it('answers by its kind, by handle and by name', async () => {
    const app = appOf(everyKind())
    await app.start()
    await write(clicks, [
      ['a', 1, 1_000],
      ['a', 2, 5_000],
      ['b', 4, 30_000],
      ['a', 8, 70_000],
    ])
    await write(rates, [
      ['x', 10, 1_000],
      ['x', 20, 5_000],
    ])
    await vi.waitFor(async () => expect(await app.store(totals).get('a')).toBe(11), wait)
    await vi.waitFor(async () => expect(await app.store(prices).get('x')).toMatchObject({ value: 20 }), wait)
    expect(await app.store(timed).get('a')).toEqual({ value: 11, timestampMs: 70_000 })
    expect(await app.store<string, number>('timed').get('a')).toBe(11)
    const byName = app.store<string, number>('totals', { type: 'timestamped-key-value' })
    expect(await byName.get('b')).toEqual({ value: 4, timestampMs: 30_000 })
    expect(await listed(app.store(totals).reverseAll())).toEqual([
      { key: 'b', value: 4 },
      { key: 'a', value: 11 },
    ])

    const windows = app.store<string, number>('per-minute', { type: 'window' })
    expect([await windows.get('a', 0), await windows.get('a', minute), await windows.get('b', minute)]).toEqual([
      3,
      8,
      null,
    ])
    expect(await listed(app.store(perMinute).fetch('a', 0, minute))).toEqual([
      { key: 0, value: 3 },
      { key: minute, value: 8 },
    ])
    expect(await listed(windows.backwardFetch('a', 0, minute))).toEqual([
      { key: minute, value: 8 },
      { key: 0, value: 3 },
    ])
    expect(await listed(windows.fetchKeys('b', null, { fromMs: 0, toMs: minute }))).toEqual([
      { key: { key: 'b', window: windowAt(0) }, value: 4 },
    ])
    expect(await listed(windows.fetchAll(minute, 2 * minute))).toEqual([
      { key: { key: 'a', window: windowAt(minute) }, value: 8 },
    ])
    expect(await listed(windows.all())).toHaveLength(3)
    expect(await listed(windows.backwardAll())).toEqual((await listed(windows.all())).toReversed())
    const stamped = app.store<string, number>('per-minute', { type: 'timestamped-window' })
    expect(await stamped.get('a', 0)).toEqual({ value: 3, timestampMs: 5_000 })

    const sessions = app.store(visits)
    const first = { key: 'a', window: { startMs: 1_000, endMs: 5_000 } }
    const second = { key: 'a', window: { startMs: 70_000, endMs: 70_000 } }
    expect(await sessions.get('a', 1_000, 5_000)).toBe(3)
    expect(await listed(sessions.fetch('a'))).toEqual([
      { key: first, value: 3 },
      { key: second, value: 8 },
    ])
    expect(await listed(sessions.findSessions('a', 6_000, 70_000))).toEqual([{ key: second, value: 8 }])
    expect(await listed(sessions.fetchKeys(null, null))).toHaveLength(3)
    const range = { earliestEndMs: 0, latestStartMs: 2_000 }
    expect(await listed(sessions.findSessionsKeys('a', 'a', range))).toEqual([{ key: first, value: 3 }])

    expect(await app.store(prices).get('x', 4_000)).toMatchObject({ value: 10, timestampMs: 1_000 })
    expect((await listed(app.store(prices).history())).map(({ value }) => [value.value, value.validToMs])).toEqual([
      [20, null],
      [10, 5_000],
    ])
  })

  it('refuses to be another kind, and says which it is', () => {
    const app = appOf(everyKind())
    const code = (ask: () => unknown): object => {
      try {
        ask()
      } catch (error) {
        return { ...(error as { code: string; message: string }), message: (error as Error).message }
      }
      return {}
    }
    expect(code(() => app.store('per-minute'))).toMatchObject({
      code: 'MR_RUNTIME_STORE_TYPE',
      message: expect.stringContaining("type: 'window' or type: 'timestamped-window'") as string,
    })
    expect(code(() => app.store('visits', { type: 'window' }))).toMatchObject({ code: 'MR_RUNTIME_STORE_TYPE' })
    expect(code(() => app.store('prices'))).toMatchObject({ code: 'MR_RUNTIME_STORE_TYPE' })
    expect(code(() => app.store('totals', { type: 'headers-key-value' }))).toMatchObject({
      code: 'MR_RUNTIME_STORE_TYPE',
    })
    expect(code(() => app.store('totals', { type: 'table' as never }))).toMatchObject({
      code: 'MR_RUNTIME_STORE_TYPE',
    })
    expect(code(() => app.store(totals, { stael: true } as never))).toMatchObject({
      code: 'MR_TOPOLOGY_OPTION',
      details: { nearest: 'stale' },
    })
  })

  it('keeps headers, and is kept in memory only, when the application says so', async () => {
    const builder = new StreamsBuilder()
    builder.stream(clicks).groupByKey().count({ store: 'counted' })
    const topology = builder.build()
    const plain = appOf(topology)
    expect(() => plain.store('counted', { type: 'headers-key-value' })).toThrow(
      expect.objectContaining({ code: 'MR_RUNTIME_STORE_TYPE' }),
    )
    const app = appOf(topology, { dslStoreFormat: 'headers' })
    await app.start()
    await write(clicks, [['a', 1, 7]])
    const view = app.store<string, number>('counted', { type: 'headers-key-value' })
    await vi.waitFor(async () => expect(await view.get('a')).toEqual({ value: 1, timestampMs: 7, headers: [] }), wait)
    // stores in memory have no such format
    const inMemory = appOf(topology, { dslStoreFormat: 'headers', dslStoreSuppliers: 'in-memory' })
    expect(() => inMemory.store('counted', { type: 'headers-key-value' })).toThrow(
      expect.objectContaining({ code: 'MR_RUNTIME_STORE_TYPE' }),
    )
  })

  it('tells how far it is, and waits for nobody who asks for more', async () => {
    const app = appOf(totalsOnly())
    await app.start()
    await write(clicks, [
      ['a', 1, 0],
      ['a', 1, 0],
      ['a', 1, 0],
    ])
    await vi.waitFor(async () => expect(await app.store(totals).get('a')).toBe(3), wait)
    expect(await app.store(totals).position()).toEqual({ clicks: { 0: 2 } })
    expect(await app.store(totals, { atLeast: { clicks: { 0: 2 } } }).get('a')).toBe(3)
    await expect(app.store(totals, { atLeast: { clicks: { 0: 3 } } }).get('a')).rejects.toMatchObject({
      code: 'MR_RUNTIME_STORE_UNAVAILABLE',
      message: expect.stringContaining('clicks-0 up to offset 2, not 3') as string,
    })
    await write(clicks, [['a', 1, 0]])
    const asked = app.store(totals, { atLeast: { clicks: { 0: 3 } } })
    await vi.waitFor(async () => expect(await asked.get('a')).toBe(4), wait)
  })

  it('says before the start that nothing is there yet', async () => {
    const app = appOf(totalsOnly())
    await expect(app.queryMetadataForKey(totals, 'a')).rejects.toMatchObject({ code: 'MR_RUNTIME_STATE' })
    await expect(app.allLocalStorePartitionLags()).rejects.toMatchObject({ code: 'MR_RUNTIME_STATE' })
    expect(app.metadata()).toEqual([])
  })
})

describe('several instances', () => {
  const addresses = ['one:7001', 'two:7002'] as const
  let both: [StreamsApp, StreamsApp]

  beforeEach(async () => {
    await client.createTopics([clicks], { partitions: 4 })
    both = addresses.map((applicationServer) =>
      appOf(totalsOnly(), { applicationServer, numStandbyReplicas: 1, acceptableRecoveryLag: 0, workers: 2 }),
    ) as [StreamsApp, StreamsApp]
    for (const app of both) await app.start()
    await running(...both)
    await vi.waitFor(() => {
      for (const app of both) {
        const tasks = app.metadataForLocalWorkers()
        expect(tasks.flatMap(({ active }) => active)).toHaveLength(2)
        expect(tasks.flatMap(({ standby }) => standby)).toHaveLength(2)
      }
    }, wait)
  })

  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
  const rows = keys.map((key, i) => [key, i, 0] as const)

  it('know which of them has a key, and answer for it', async () => {
    await write(clicks, rows)
    for (const [i, key] of keys.entries()) {
      const found = await both[0].queryMetadataForKey(totals, key)
      expect(await both[1].queryMetadataForKey('totals', key)).toEqual(found)
      const owner = both[found.activeHost?.host === 'one' ? 0 : 1]
      const follower = both[found.activeHost?.host === 'one' ? 1 : 0]
      expect(found.standbyHosts).toHaveLength(1)
      expect(found.standbyHosts[0]).not.toEqual(found.activeHost)
      await vi.waitFor(async () => expect(await owner.store(totals).get(key)).toBe(i), wait)
      expect(await follower.store(totals).get(key)).toBeNull()
      const { partition } = found
      expect(await owner.store(totals, { partition }).get(key)).toBe(i)
      await expect(follower.store(totals, { partition }).get(key)).rejects.toMatchObject({
        code: 'MR_RUNTIME_STORE_UNAVAILABLE',
      })
      await vi.waitFor(
        async () => expect(await follower.store(totals, { stale: true, partition }).get(key)).toBe(i),
        wait,
      )
    }
    const constant = await both[0].queryMetadataForKey(totals, 'any', { partitioner: (_key, count) => count - 1 })
    expect(constant.partition).toBe(3)
  })

  it('list what they hold, and who holds a store', async () => {
    const instances = both[0].metadata()
    expect(instances.map(({ host, port }) => `${host}:${port}`).toSorted()).toEqual([...addresses])
    for (const { active, standby, stores, standbyStores } of instances) {
      expect([active.length, standby.length, stores, standbyStores]).toEqual([2, 2, ['totals'], ['totals']])
    }
    expect(both[1].streamsMetadataForStore('totals')).toHaveLength(2)
    expect(() => both[1].streamsMetadataForStore('nothing')).toThrow(
      expect.objectContaining({ code: 'MR_RUNTIME_STORE_UNKNOWN' }),
    )
  })

  it('say how far each copy is behind', async () => {
    await write(clicks, rows)
    await vi.waitFor(async () => {
      const lags = await Promise.all(both.map(async (app) => app.allLocalStorePartitionLags()))
      const ofStore = lags.map((lag) => lag.get('totals'))
      const cut = (partitions: ReadonlyMap<number, unknown> | undefined): Set<number> => new Set(partitions?.keys())
      for (const partitions of ofStore) expect(cut(partitions)).toEqual(new Set([0, 1, 2, 3]))
      const all = ofStore.flatMap((partitions) => [...(partitions?.values() ?? [])])
      expect(all.every(({ lag }) => lag === 0)).toBe(true)
      expect(all.reduce((sum, { endOffset }) => sum + endOffset, 0)).toBe(2 * keys.length)
    }, wait)
    await expect(both[0].store(totals, { stale: true, atLeast: { clicks: { 0: 0 } } }).get('k0')).rejects.toMatchObject(
      {
        code: 'MR_RUNTIME_STORE_UNAVAILABLE',
      },
    )
  })

  it('answer from the copy when the other one is gone', async () => {
    await write(clicks, rows)
    const [left, kept] = both
    await vi.waitFor(async () => {
      for (const [i, key] of keys.entries()) expect(await kept.store(totals, { stale: true }).get(key)).toBe(i)
    }, wait)
    await left.close()
    for (const [i, key] of keys.entries()) expect(await kept.store(totals, { stale: true }).get(key)).toBe(i)
  })
})
