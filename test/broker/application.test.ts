/**
 * Whole applications on real Kafka, newest and previous line: re-keying through a repartition topic, a source table, and
 * what starts read from changelogs, counted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  int64,
  json,
  KafkaClient,
  StreamsApp,
  StreamsBuilder,
  string,
  type Topic,
  topic,
  type Topology,
} from 'millrace'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

interface Order {
  readonly customer: string
  readonly amount: number
}
interface Total {
  readonly orders: number
  readonly amount: number
}

const wait = { timeout: 60_000, interval: 100 }
const restored = (app: StreamsApp): number =>
  app.metrics().reduce((sum, { name, value }) => sum + (name === 'restore-records-total' ? Number(value) : 0), 0)

for (const version of versions) {
  describe.runIf(missing === null)(`applications on Kafka ${version}`, () => {
    let kafka: RealKafka
    let client: KafkaClient
    let directory = ''
    const apps: StreamsApp[] = []
    beforeAll(async () => {
      kafka = await startKafka(version)
      client = new KafkaClient({ brokers: kafka.bootstrap.split(',') })
      directory = mkdtempSync(join(tmpdir(), 'millrace-application-'))
    }, 180_000)
    afterEach(async () => {
      await Promise.all(apps.splice(0).map(async (app) => app.close({ leaveGroup: true })))
    })
    afterAll(async () => {
      await client.close()
      await kafka[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    })

    async function started(topology: Topology, applicationId: string): Promise<StreamsApp> {
      const app = new StreamsApp(topology, {
        applicationId,
        kafka: { brokers: kafka.bootstrap.split(',') },
        stateDirectory: join(directory, applicationId),
        commitInterval: 100,
        linger: 5,
        sessionTimeout: '6s',
        heartbeatInterval: '1s',
      })
      apps.push(app)
      await app.start()
      await vi.waitFor(() => expect(app.state).toBe('RUNNING'), wait)
      return app
    }
    /** A clean close, so that the next start waits for nobody. */
    async function stopped(app: StreamsApp): Promise<void> {
      apps.splice(apps.indexOf(app), 1)
      await app.close({ leaveGroup: true })
    }
    async function write<V>(to: Topic<string, V>, records: readonly (readonly [string, V | null])[]): Promise<void> {
      await using writer = client.writer(to, { lingerMs: 5 })
      await writer.ready()
      for (const [key, value] of records) writer.send(key, value)
      await writer.flush()
    }
    async function latest<V>(of: Topic<string, V>): Promise<Record<string, V | null>> {
      const rows: Record<string, V | null> = {}
      for await (const { key, value } of client.read(of)) rows[key ?? ''] = value
      return rows
    }
    async function recordsIn(name: string): Promise<number> {
      let records = 0
      for await (const _ of client.read(topic(name, { key: string(), value: json() }))) records++
      return records
    }

    it('re-keys, aggregates, and finds its state again: all of it, or from the changelog', async () => {
      const orders = topic('orders', { key: string(), value: json<Order>() })
      const totals = topic('totals', { key: string(), value: json<Total>() })
      await client.createTopics([orders, totals], { partitions: 2 })
      const topology = (): Topology => {
        const builder = new StreamsBuilder()
        builder
          .stream(orders)
          .selectKey((order) => order.customer)
          .repartition({ name: 'by-customer', partitions: 3 })
          .groupByKey()
          .aggregate({
            init: (): Total => ({ orders: 0, amount: 0 }),
            add: (total, order): Total => ({ orders: total.orders + 1, amount: total.amount + order.amount }),
            store: 'totals',
            value: json<Total>(),
          })
          .toStream()
          .to(totals)
        return builder.build()
      }
      const expected: Record<string, Total> = {}
      let n = 0
      const order = async (count: number): Promise<void> => {
        const records = Array.from({ length: count }, () => {
          const value = { customer: `c${n % 17}`, amount: n }
          const { orders: before, amount } = expected[value.customer] ?? { orders: 0, amount: 0 }
          expected[value.customer] = { orders: before + 1, amount: amount + n }
          return [`order-${n++}`, value] as const
        })
        await write(orders, records)
      }
      const first = await started(topology(), 'rekey')
      await order(500)
      await vi.waitFor(async () => expect(await latest(totals)).toEqual(expected), wait)
      const repartition = (await client.lag('rekey')).filter((each) => each.topic === 'rekey-by-customer-repartition')
      expect(repartition).toHaveLength(3)
      expect(await first.store<string, Total>('totals').get('c3')).toEqual(expected['c3'])
      await stopped(first)

      const second = await started(topology(), 'rekey')
      expect(restored(second)).toBe(0)
      await order(100)
      await vi.waitFor(async () => expect(await latest(totals)).toEqual(expected), wait)
      await stopped(second)

      rmSync(join(directory, 'rekey'), { recursive: true, force: true })
      const third = await started(topology(), 'rekey')
      expect(restored(third)).toBe(await recordsIn('rekey-totals-changelog'))
      expect(restored(third)).toBeGreaterThanOrEqual(17)
      expect(await third.store<string, Total>('totals').get('c3')).toEqual(expected['c3'])
      await order(100)
      await vi.waitFor(async () => expect(await latest(totals)).toEqual(expected), wait)
    }, 180_000)

    it('keeps a table whose changelog is its own source topic, also when its state is lost', async () => {
      const prices = topic('prices', { key: string(), value: int64() })
      const high = topic('high-prices', { key: string(), value: int64() })
      await client.createTopics([prices, high], { partitions: 2 })
      const topology = (): Topology => {
        const builder = new StreamsBuilder()
        builder
          .table(prices, { store: 'prices' })
          .filter((price) => price >= 100)
          .toStream()
          .to(high)
        return builder.build({ topologyOptimization: 'all' })
      }
      const first = await started(topology(), 'table')
      await write(prices, [
        ['a', 120],
        ['b', 80],
        ['c', 200],
        ['d', 100],
      ])
      // waited for: two updates within one commit interval would come out as one
      await vi.waitFor(async () => expect(await latest(high)).toEqual({ a: 120, c: 200, d: 100 }), wait)
      await write(prices, [
        ['a', 90],
        ['b', 150],
        ['d', null],
      ])
      const expected = { a: null, b: 150, c: 200, d: null }
      await vi.waitFor(async () => expect(await latest(high)).toEqual(expected), wait)
      const view = first.store<string, number>('prices')
      expect(await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => view.get(key)))).toEqual([90, 150, 200, null])
      await stopped(first)

      const second = await started(topology(), 'table')
      expect(restored(second)).toBe(0)
      await stopped(second)

      rmSync(join(directory, 'table'), { recursive: true, force: true })
      const third = await started(topology(), 'table')
      expect(restored(third)).toBe(7)
      const again = third.store<string, number>('prices')
      expect(await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => again.get(key)))).toEqual([90, 150, 200, null])
      await write(prices, [['c', 10]])
      await vi.waitFor(async () => expect(await latest(high)).toEqual({ ...expected, c: null }), wait)
      await expect(recordsIn('table-prices-changelog')).rejects.toMatchObject({ code: 'MR_PROTOCOL_TOPIC_MISSING' })
    }, 180_000)
  })
}
