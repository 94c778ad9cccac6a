/** What brokers do rarely: moving leaders, lost answers, emptied batches, damage, a crowd of partitions. On virtual time. */
import { describe, expect, it } from 'vitest'
import { FakeCluster } from '../../test/fake-cluster.ts'
import { seeded, VirtualTime, virtualSurroundings } from '../../test/virtual-time.ts'
import { Cluster } from '../cluster/cluster.ts'
import { encodeMarkerBatch } from '../record-batch/control-record.ts'
import { RecordBatchBuilder } from '../record-batch/record-batch-builder.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'
import type { FetchedPartition } from './partition-buffer.ts'
import { readPartition } from './read-partition.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface Setup {
  readonly time: VirtualTime
  readonly fake: FakeCluster
  readonly cluster: Cluster
  readonly fetcher: Fetcher
  /** Polls until so many values came. */
  readonly values: (count: number) => Promise<string[]>
}

function setup(options: FetcherOptions = {}, seed = 1): Setup {
  const time = new VirtualTime()
  const fake = new FakeCluster(time)
  fake.addTopic('a', 3)
  const cluster = new Cluster(fake, virtualSurroundings(time, seed))
  const fetcher = new Fetcher(cluster, { maxWaitMs: 50, ...options })
  const values = async (count: number): Promise<string[]> => {
    const seen: string[] = []
    while (seen.length < count) seen.push(...(await time.run(fetcher.poll(100))).flatMap(valuesOf))
    return seen
  }
  return { time, fake, cluster, fetcher, values }
}

function valuesOf(part: FetchedPartition): string[] {
  return part.batches.flatMap(({ records, first }) =>
    Array.from({ length: records.count - first }, (_, i) => decoder.decode(records.valueAt(first + i)!)),
  )
}

function batch(...values: string[]): Uint8Array {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append(null, encoder.encode(value), 0)
  return builder.build()
}

describe('the fetcher', () => {
  it('follows a partition to its new leader', async () => {
    const { fake, fetcher, values } = setup()
    fake.append('a', 0, batch('0'))
    fetcher.assign([{ topic: 'a', partition: 0, offset: 0 }])
    expect(await values(1)).toEqual(['0'])
    fake.moveLeader('a', 0, 3)
    fake.append('a', 0, batch('1'))
    expect(await values(1)).toEqual(['1'])
    expect(fake.requests.filter(({ api }) => api === 'Fetch').at(-1)?.node).toBe(3)
  })

  it('reads on after lost requests and answers, missing nothing', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seeded(seed)
      const { time, fake, fetcher, values } = setup({}, seed)
      fake.fault = ({ api }) => {
        if (api === 'ApiVersions' || random.next() > 0.3) return null
        if (random.next() < 0.3) fake.moveLeader('a', Math.floor(random.next() * 3), 1 + Math.floor(random.next() * 3))
        return random.next() < 0.5 ? 'lost-request' : 'lost-answer'
      }
      fetcher.assign([0, 1, 2].map((partition) => ({ topic: 'a', partition, offset: 0 })))
      const expected: string[] = []
      const got: string[] = []
      for (let i = 0; i < 20; i++) {
        fake.append('a', i % 3, batch(`${i}`, `${i}b`))
        expected.push(`${i}`, `${i}b`)
        await time.run(time.sleep(Math.floor(random.next() * 40)))
        got.push(...(await time.run(fetcher.poll(1))).flatMap(valuesOf))
      }
      got.push(...(await values(expected.length - got.length)))
      expect(got.toSorted(), `seed ${seed}`).toEqual(expected.toSorted())
    }
  })

  it('moves its position over batches that compaction emptied and over markers', async () => {
    const { time, fake, fetcher } = setup()
    const empty = new RecordBatchBuilder().build({ lastOffsetDelta: 9, maxTimestampMs: 5 })
    fake.append('a', 0, empty)
    fake.append(
      'a',
      0,
      encodeMarkerBatch({ type: 'commit', producerId: 5n, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 0 }),
    )
    fetcher.assign([{ topic: 'a', partition: 0, offset: 0 }])
    const parts = await time.run(fetcher.poll(1000))
    expect(parts).toMatchObject([{ partition: 0, batches: [], nextOffset: 11 }])
    expect(fetcher.position('a', 0)).toBe(11)
    const range = { topic: 'a', partition: 0, from: 0, to: 11 }
    const seen: number[] = []
    const read = async (): Promise<void> => {
      for await (const part of readPartition(fetcherCluster(fake, time), range)) seen.push(part.nextOffset)
    }
    await time.run(read())
    expect(seen).toEqual([11])
  })

  it('fetches damaged data again, and throws when it stays damaged', async () => {
    const { time, fake, fetcher, values } = setup()
    fake.append('a', 0, batch('good'))
    const log = fake.partition('a', 0)
    const whole = log.batches[0]!.slice()
    log.batches[0]![70]! ^= 1
    fetcher.assign([{ topic: 'a', partition: 0, offset: 0 }])
    expect(await time.run(fetcher.poll(1000))).toEqual([])
    log.batches[0] = whole
    expect(await values(1)).toEqual(['good'])
    fake.append('a', 0, batch('bad'))
    log.batches[1]![70]! ^= 1
    const poll = async (): Promise<unknown> => {
      for (;;) await fetcher.poll(100)
    }
    await expect(time.run(poll())).rejects.toMatchObject({ code: 'MR_PROTOCOL_CRC' })
  })

  it('names topics by name to a broker that knows no topic ids', async () => {
    const { fake, fetcher, values } = setup()
    fake.maxVersions.set('Fetch', 11)
    fake.maxVersions.set('Metadata', 8)
    fake.append('a', 1, batch('x'))
    fetcher.assign([{ topic: 'a', partition: 1, offset: 0 }])
    expect(await values(1)).toEqual(['x'])
    expect(fake.requests.find(({ api }) => api === 'Fetch')?.version).toBe(11)
  })

  it('notices by the topic id that a topic was created anew, also when fetching by name', async () => {
    const { time, fake, cluster, fetcher, values } = setup()
    fake.maxVersions.set('Fetch', 12)
    fake.append('a', 0, batch('x'))
    fetcher.assign([{ topic: 'a', partition: 0, offset: 0 }])
    expect(await values(1)).toEqual(['x'])
    fake.addTopic('a', 3, 'anotheranotheranotherA')
    await time.run(cluster.metadata.refresh())
    await expect(time.run(fetcher.poll(100))).rejects.toMatchObject({ code: 'MR_PROTOCOL_TOPIC_REPLACED' })
  })

  it('drops what was asked for before a jump', async () => {
    const { time, fake, fetcher, values } = setup()
    for (let i = 0; i < 5; i++) fake.append('a', 0, batch(`${i}`))
    fetcher.assign([{ topic: 'a', partition: 0, offset: 0 }])
    await time.run(time.sleep(3))
    fetcher.seek('a', 0, 4)
    expect(await values(1)).toEqual(['4'])
    expect(fetcher.position('a', 0)).toBe(5)
    fetcher.unassign([{ topic: 'a', partition: 0 }])
    expect(fetcher.assignment()).toEqual([])
    expect(fetcher.bufferedBytes).toBe(0)
  })

  it('does not let a full partition hold up the others for the whole wait', async () => {
    const { time, fake, fetcher } = setup({ partitionBufferedBytesMax: 50 })
    fake.addTopic('b', 4)
    for (const partition of [0, 3]) fake.partition('b', partition).leader = 1
    for (let i = 0; i < 3; i++) fake.append('b', 0, batch('x'.repeat(60)))
    fetcher.assign([0, 3].map((partition) => ({ topic: 'b', partition, offset: 0 })))
    fetcher.pause([{ topic: 'b', partition: 0 }])
    await time.run(time.sleep(100))
    const waits = fake.requests
      .filter(({ api }) => api === 'Fetch')
      .map(({ body }) => body as { maxWaitMs: number; topics: { partitions: unknown[] }[] })
    expect(waits[0]).toMatchObject({ maxWaitMs: 50, topics: [{ partitions: [{}, {}] }] })
    expect(waits.at(-1)).toMatchObject({ maxWaitMs: 20, topics: [{ partitions: [{ partition: 3 }] }] })
  })

  it('takes turns when one poll cannot hand over everything', async () => {
    const { time, fake, fetcher } = setup({ pollBytesMax: 1 })
    for (const partition of [0, 1, 2]) for (let i = 0; i < 4; i++) fake.append('a', partition, batch(`${partition}`))
    fetcher.assign([0, 1, 2].map((partition) => ({ topic: 'a', partition, offset: 0 })))
    await time.run(time.sleep(20))
    const order: number[] = []
    for (let i = 0; i < 3; i++) order.push(...(await time.run(fetcher.poll(0))).map(({ partition }) => partition))
    expect(new Set(order)).toEqual(new Set([0, 1, 2]))
  })
})

function fetcherCluster(fake: FakeCluster, time: VirtualTime): Cluster {
  return new Cluster(fake, virtualSurroundings(time))
}
