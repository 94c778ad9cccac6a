/**
 * Goal: what was appended is in the log once and in order, whatever happens to leaders, requests and answers.
 * Method: a fake cluster with Kafka's sequence rules on virtual time; faults are chosen by the test or by a seed.
 */
import { RecordError, RetriableError, type StreamsError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { FakeCluster, type Fault } from '../../test/fake-cluster.ts'
import { seeded, VirtualTime, virtualSurroundings } from '../../test/virtual-time.ts'
import { Cluster } from '../cluster/cluster.ts'
import { errorCode } from '../codec/error-code.ts'
import { decodeBatches } from '../record-batch/record-batch.ts'
import { Producer, type ProducerOptions } from './producer.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const bytes = (text: string): Uint8Array => encoder.encode(text)

interface Setup {
  readonly time: VirtualTime
  readonly fake: FakeCluster
  readonly producer: Producer
  readonly cluster: Cluster
  readonly log: (topic: string, partition: number) => string[]
}

function setup(options: ProducerOptions = {}, seed = 1): Setup {
  const time = new VirtualTime()
  const fake = new FakeCluster(time)
  fake.addTopic('a', 3)
  const cluster = new Cluster(fake, virtualSurroundings(time, seed))
  const log = (topic: string, partition: number): string[] =>
    fake
      .partition(topic, partition)
      .batches.flatMap((batch) =>
        decodeBatches(batch).flatMap((records) =>
          Array.from({ length: records.count }, (_, i) => decoder.decode(records.valueAt(i)!)),
        ),
      )
  return { time, fake, cluster, producer: new Producer(cluster, options), log }
}

const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => `${from + i}`)

describe('the producer', () => {
  it('sends one request per broker with all its partitions', async () => {
    const { time, fake, producer, log } = setup()
    fake.addTopic('b', 6)
    for (let p = 0; p < 6; p++) producer.append('b', p, null, bytes(`${p}`), 0)
    await time.run(producer.flush())
    const produced = fake.requests.filter(({ api }) => api === 'Produce')
    expect(produced.map(({ node }) => node).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    for (let p = 0; p < 6; p++) expect(log('b', p)).toEqual([`${p}`])
  })

  it('lets a batch linger, so that records appended apart travel together', async () => {
    const { time, fake, producer, log } = setup({ lingerMs: 100 })
    producer.append('a', 0, null, bytes('0'), 0)
    await time.run(time.sleep(50))
    producer.append('a', 0, null, bytes('1'), 0)
    await time.run(time.sleep(500))
    expect(fake.partition('a', 0).batches).toHaveLength(1)
    expect(log('a', 0)).toEqual(['0', '1'])
  })

  it('has at most the given number of requests under way per broker', async () => {
    const { time, fake, producer } = setup({ inFlightMax: 2, batchBytes: 100 })
    let open = 0
    let most = 0
    const send = fake.send.bind(fake)
    fake.send = async (node, apiKey, ...rest) => {
      if (apiKey !== 0) return send(node, apiKey, ...rest)
      most = Math.max(most, ++open)
      return send(node, apiKey, ...rest).finally(() => open--)
    }
    for (const value of numbers(0, 200)) producer.append('a', 0, null, bytes(value), 0)
    await time.run(producer.flush())
    expect(most).toBe(2)
  })

  it('writes to a moved leader what the other leader has not (K1)', async () => {
    const { time, fake, producer, log } = setup()
    fake.fault = ({ api, node }) => {
      // The leader of partition 0 moves, while it is asked, to the broker that has answered for partition 1.
      if (api === 'Produce' && node === 1 && fake.partition('a', 0).leader === 1) fake.moveLeader('a', 0, 2)
      return null
    }
    producer.append('a', 0, null, bytes('p0'), 0)
    producer.append('a', 1, null, bytes('p1'), 0)
    await time.run(producer.flush())
    expect(log('a', 0)).toEqual(['p0'])
    expect(log('a', 1)).toEqual(['p1'])
  })

  it('does not write twice to a slow leader because another one failed (K1b)', async () => {
    const { time, fake, producer, log } = setup()
    fake.fault = ({ api, node }) => {
      fake.latencyMs = () => (api === 'Produce' && node === 2 ? 5000 : 1)
      return api === 'Produce' && node === 1 && fake.requests.length < 8 ? 'lost-request' : null
    }
    producer.append('a', 0, null, bytes('p0'), 0)
    producer.append('a', 1, null, bytes('p1'), 0)
    await time.run(producer.flush())
    expect(log('a', 0)).toEqual(['p0'])
    expect(log('a', 1)).toEqual(['p1'])
  })

  it.each([1, 2, 3, 4])('keeps order and count when request %i of many in flight is lost', async (lost) => {
    for (const kind of ['lost-request', 'lost-answer'] as const) {
      const { time, fake, producer, log } = setup({ batchBytes: 100 })
      let produced = 0
      fake.fault = ({ api }): Fault => (api === 'Produce' && ++produced === lost ? kind : null)
      for (const value of numbers(0, 100)) producer.append('a', 0, null, bytes(value), 0)
      await time.run(producer.flush())
      expect(log('a', 0)).toEqual(numbers(0, 100))
    }
  })

  it('begins a new sequence when the broker lost its memory of the producer', async () => {
    const { time, fake, producer, log } = setup()
    producer.append('a', 0, null, bytes('0'), 0)
    await time.run(producer.flush())
    let isForced = true
    fake.judgeBatch = () => {
      const code = isForced ? errorCode.UNKNOWN_PRODUCER_ID : 0
      isForced = false
      return code
    }
    producer.append('a', 0, null, bytes('1'), 0)
    await time.run(producer.flush())
    producer.append('a', 0, null, bytes('2'), 0)
    await time.run(producer.flush())
    expect(log('a', 0)).toEqual(['0', '1', '2'])
    const headers = fake.partition('a', 0).batches.flatMap((batch) => decodeBatches(batch).map(({ header }) => header))
    expect(headers.map(({ producerEpoch, baseSequence }) => [producerEpoch, baseSequence])).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
    ])
  })

  it('goes on behind a refused batch that is dropped, with others in flight', async () => {
    const refused: string[] = []
    const { time, fake, producer, log } = setup({
      batchBytes: 80,
      onRefused: ({ error, records }) => {
        expect(error).toBeInstanceOf(RecordError)
        refused.push(decoder.decode(records().valueAt(0)!))
        return 'drop'
      },
    })
    fake.judgeBatch = (_topic, _partition, header) => {
      const [records] = decodeBatches(header.batchBytes)
      return decoder.decode(records!.valueAt(0)!) === '10' ? errorCode.INVALID_RECORD : 0
    }
    for (const value of numbers(0, 30)) producer.append('a', 0, null, bytes(value), 0)
    await time.run(producer.flush())
    expect(refused[0]).toBe('10')
    const dropped = numbers(0, 30).filter((value) => !log('a', 0).includes(value))
    expect(dropped[0]).toBe('10')
    expect(log('a', 0)).toEqual(numbers(0, 30).filter((value) => !dropped.includes(value)))
    expect(dropped.length).toBeLessThanOrEqual(4)
  })

  it('gives up after the delivery timeout and says why', async () => {
    const { time, fake, producer } = setup({ deliveryTimeoutMs: 5000 })
    fake.partition('a', 0).leader = -1
    producer.append('a', 0, null, bytes('0'), 0)
    const error = await time.run(producer.flush().catch((thrown: unknown) => thrown as StreamsError))
    expect(error).toBeInstanceOf(RetriableError)
    expect(error).toMatchObject({ code: 'MR_PROTOCOL_DELIVERY', details: { topic: 'a', partition: 0, records: 1 } })
    expect(producer.bufferedBytes).toBe(0)
  })

  it('releases those who wait for space as batches are acknowledged', async () => {
    const { time, producer } = setup({ batchBytes: 1000 })
    for (let i = 0; i < 100; i++) producer.append('a', i % 3, null, new Uint8Array(500), 0)
    expect(producer.bufferedBytes).toBeGreaterThan(50_000)
    void producer.flush()
    await time.run(producer.space(10_000))
    expect(producer.bufferedBytes).toBeLessThan(10_000)
    await time.run(producer.flush())
    expect(producer.bufferedBytes).toBe(0)
  })

  it('tells the last acknowledged offset of each partition', async () => {
    const acked: [number, number][] = []
    const { time, producer } = setup({ onAcked: (_topic, partition, offset) => acked.push([partition, offset]) })
    for (let i = 0; i < 10; i++) producer.append('a', i % 2, null, bytes(`${i}`), 0)
    await time.run(producer.flush())
    producer.append('a', 0, null, bytes('x'), 0)
    await time.run(producer.flush())
    expect(acked).toEqual([
      [0, 4],
      [1, 4],
      [0, 5],
    ])
  })

  it('writes everything once and in order under 150 random histories of faults and moving leaders', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const random = seeded(seed)
      const { time, fake, producer, log } = setup(
        { batchBytes: 60 + Math.floor(random.next() * 100), lingerMs: 2 },
        seed,
      )
      let faults = 40
      fake.latencyMs = () => 1 + Math.floor(random.next() * 20)
      fake.fault = ({ api }) => {
        if (api === 'ApiVersions' || faults === 0) return null
        const roll = random.next()
        if (roll > 0.35) return null
        faults--
        if (roll < 0.1) {
          fake.moveLeader('a', Math.floor(random.next() * 3), 1 + Math.floor(random.next() * 3))
          return null
        }
        return roll < 0.22 ? 'lost-answer' : 'lost-request'
      }
      const sent: string[][] = [[], [], []]
      for (let i = 0; i < 120; i++) {
        const partition = Math.floor(random.next() * 3)
        producer.append('a', partition, null, bytes(`${i}`), i)
        sent[partition]!.push(`${i}`)
        if (random.next() < 0.1) await time.run(time.sleep(Math.floor(random.next() * 30)))
        if (random.next() < 0.03) await time.run(producer.flush())
      }
      await time.run(producer.flush())
      for (const partition of [0, 1, 2]) expect(log('a', partition), `seed ${seed}`).toEqual(sent[partition])
    }
  })
})
