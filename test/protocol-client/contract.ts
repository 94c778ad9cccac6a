/**
 * What the protocol client must do on any broker: run on the embedded one and on real Kafka.
 *
 * No test depends on time passing; each has topics, groups and transactional ids of its own.
 */
import { FatalError, RecordError, StreamsError } from '@millrace/core'
import type { Transport } from '@millrace/core/port'
import {
  alterConfigs,
  alterGroupOffsets,
  assertTopics,
  createPartitions,
  createTopics,
  deleteGroup,
  deleteGroupOffsets,
  deleteRecords,
  deleteTopics,
  describeCluster,
  describeConfigs,
  describeGroup,
  fetchCommittedOffsets,
  isAlreadyThere,
  isNotThere,
  listGroupOffsets,
  listGroups,
  listOffsets,
  listTopics,
  outsider,
  type RefusedBatch,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { baseMs, bytes, Fixture, pollValues, text, until, valuesOf } from './fixture.ts'

const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof StreamsError ? error.code : String(error)),
  )

/** @param open a new transport to the broker under test */
export function clientContract(open: () => Promise<Transport> | Transport): void {
  const fixture = async (): Promise<Fixture> => new Fixture(await open())

  describe('administration', () => {
    it('describes the cluster', async () => {
      await using f = await fixture()
      const { brokers, clusterId, controllerId } = await describeCluster(await f.cluster())
      expect(brokers.length).toBeGreaterThan(0)
      expect(clusterId).not.toBe('')
      expect(brokers.map((broker) => broker.nodeId)).toContain(controllerId)
    })

    it('creates, lists, enlarges and deletes topics', async () => {
      await using f = await fixture()
      const cluster = await f.cluster()
      const name = await f.topic(2, { 'cleanup.policy': 'compact' })
      expect((await listTopics(cluster)).get(name)?.partitions.length).toBe(2)
      const again = await createTopics(cluster, [{ name, partitions: 2, replicationFactor: 1 }])
      expect(again.map(isAlreadyThere)).toEqual([true])
      assertTopics(await createPartitions(cluster, [{ name, partitions: 5 }]))
      await until(async () => (await listTopics(cluster)).get(name)?.partitions.length === 5)
      assertTopics(await deleteTopics(cluster, [name]))
      await until(async () => !(await listTopics(cluster)).has(name))
      expect((await deleteTopics(cluster, [name])).map(isNotThere)).toEqual([true])
    })

    it('reads and changes topic configuration', async () => {
      await using f = await fixture()
      const cluster = await f.cluster()
      const name = await f.topic(1, { 'cleanup.policy': 'compact', 'retention.ms': '1234567' })
      const resource = { kind: 'topic', name } as const
      const names = ['cleanup.policy', 'retention.ms', 'max.message.bytes']
      const read = async (): Promise<Record<string, unknown>> => {
        const [config] = await describeConfigs(cluster, [resource], { names })
        return Object.fromEntries([...config!.entries].map(([key, { value, isDefault }]) => [key, [value, isDefault]]))
      }
      expect(await read()).toMatchObject({ 'cleanup.policy': ['compact', false], 'retention.ms': ['1234567', false] })
      await alterConfigs(cluster, resource, [
        { name: 'retention.ms', operation: 'delete' },
        { name: 'max.message.bytes', operation: 'set', value: '2000' },
      ])
      await until(async () => JSON.stringify((await read())['max.message.bytes']) === '["2000",false]')
      expect((await read())['retention.ms']).toMatchObject({ 1: true })
    })

    it('names what is wrong with a topic to create', async () => {
      await using f = await fixture()
      const [result] = await createTopics(await f.cluster(), [
        { name: `t-${crypto.randomUUID()}`, partitions: 1, replicationFactor: 1, configs: { 'no.such.thing': 'x' } },
      ])
      expect(result!.error?.code).toBe('MR_PROTOCOL_RESPONSE')
      expect(result!.error?.message).toContain('INVALID_CONFIG')
    })

    it('deletes records up to an offset', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      await f.write(topic, 10)
      const cluster = await f.cluster()
      await deleteRecords(cluster, [{ topic, partition: 0, offset: 4 }])
      const [first, end] = await listOffsets(cluster, [
        { topic, partition: 0, at: 'earliest' },
        { topic, partition: 0, at: 'latest' },
      ])
      expect([first!.offset, end!.offset]).toEqual([4, 10])
      expect(await f.read(topic)).toEqual(['v4', 'v5', 'v6', 'v7', 'v8', 'v9'])
    })

    it('says that a topic is missing', async () => {
      await using f = await fixture()
      const cluster = await f.cluster()
      expect(await codeOf(cluster.metadata.need(['no-such-topic'], { missingMs: 100 }))).toBe(
        'MR_PROTOCOL_TOPIC_MISSING',
      )
    })
  })

  describe('offsets of a group, from outside', () => {
    it('are set, read, deleted, and gone with the group', async () => {
      await using f = await fixture()
      const cluster = await f.cluster()
      const topic = await f.topic(2)
      const group = `g-${crypto.randomUUID()}`
      expect(await fetchCommittedOffsets(cluster, group, [{ topic, partition: 0 }])).toMatchObject([{ offset: -1 }])
      await alterGroupOffsets(cluster, group, [
        { topic, partition: 0, offset: 7, metadata: 'time' },
        { topic, partition: 1, offset: 9 },
      ])
      expect(await listGroupOffsets(cluster, group)).toMatchObject([
        { topic, partition: 0, offset: 7, metadata: 'time' },
        { topic, partition: 1, offset: 9, metadata: '' },
      ])
      expect((await listGroups(cluster)).map(({ groupId }) => groupId)).toContain(group)
      expect(await describeGroup(cluster, group)).toMatchObject({ state: 'Empty', members: [] })
      await deleteGroupOffsets(cluster, group, [{ topic, partition: 1 }])
      expect(await listGroupOffsets(cluster, group)).toMatchObject([{ partition: 0, offset: 7 }])
      await deleteGroup(cluster, group)
      expect(await describeGroup(cluster, group)).toMatchObject({ state: 'Dead' })
      expect(outsider(group)).toEqual({ groupId: group, generationId: -1, memberId: '', groupInstanceId: null })
    })
  })

  describe('producing and fetching', () => {
    it.each(['none', 'gzip'] as const)('brings records back as they were (%s)', async (compression) => {
      await using f = await fixture()
      const topic = await f.topic(3)
      const acked = new Map<number, number>()
      const producer = await f.producer({ compression, onAcked: (_, partition, last) => acked.set(partition, last) })
      const headers = [
        { key: 'h', value: bytes('1') },
        { key: 'h', value: null },
      ]
      for (let i = 0; i < 3000; i++) {
        producer.append(
          topic,
          i % 3,
          i % 5 === 0 ? null : bytes(`k${i}`),
          i % 7 === 0 ? null : bytes(`v${i}`),
          baseMs + i,
          headers,
        )
      }
      await producer.flush()
      expect(producer.bufferedBytes).toBe(0)
      expect([...acked].toSorted(([a], [b]) => a - b)).toEqual([
        [0, 999],
        [1, 999],
        [2, 999],
      ])
      const fetcher = await f.fetcher()
      fetcher.assign([0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })))
      const seen: unknown[][] = [[], [], []]
      while (seen.some((list) => list.length < 1000)) {
        for (const { partition, batches } of await fetcher.poll(100)) {
          for (const { records, first } of batches) {
            for (let r = first; r < records.count; r++) {
              expect(records.offsetAt(r)).toBe(seen[partition]!.length)
              const [one, two] = records.headersAt(r)
              expect([one?.key, text(one!.value), two?.key, two?.value]).toEqual(['h', '1', 'h', null])
              seen[partition]!.push([text(records.keyAt(r)), text(records.valueAt(r)), records.timestampAt(r)])
            }
          }
        }
      }
      for (let i = 0; i < 3000; i++) {
        const expected = [i % 5 === 0 ? null : `k${i}`, i % 7 === 0 ? null : `v${i}`, baseMs + i]
        expect(seen[i % 3]![Math.floor(i / 3)]).toEqual(expected)
      }
    })

    it('keeps the order over many small batches in flight', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await f.producer({ batchBytes: 200, lingerMs: 0 })
      const sent: string[] = []
      for (let i = 0; i < 2000; i++) {
        producer.append(topic, 0, null, bytes(`v${i}`), baseMs + i)
        sent.push(`v${i}`)
        if (i % 50 === 0) await Promise.resolve()
      }
      await producer.flush()
      expect(await f.read(topic)).toEqual(sent)
    })

    it('refuses a record that is too large and goes on', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await f.producer({ requestBytesMax: 1000 })
      producer.append(topic, 0, null, bytes('before'), baseMs)
      expect(() => producer.append(topic, 0, null, new Uint8Array(2000), baseMs)).toThrow(RecordError)
      producer.append(topic, 0, null, bytes('after'), baseMs)
      await producer.flush()
      expect(await f.read(topic)).toEqual(['before', 'after'])
    })

    it('splits a batch that the broker finds too large, and drops only the record that is', async () => {
      await using f = await fixture()
      const topic = await f.topic(1, { 'max.message.bytes': '3000' })
      const refused: RefusedBatch[] = []
      const producer = await f.producer({
        onRefused: (batch) => {
          refused.push(batch)
          return 'drop'
        },
      })
      const expected: string[] = []
      for (let i = 0; i < 100; i++) {
        const value = i === 37 ? 'x'.repeat(4000) : `${i}-${'y'.repeat(100)}`
        producer.append(topic, 0, null, bytes(value), baseMs + i)
        if (i !== 37) expected.push(value)
      }
      await producer.flush()
      producer.append(topic, 0, null, bytes('end'), baseMs)
      await producer.flush()
      expect(refused.map((one) => [one.error.code, one.recordCount, one.records().valueAt(0)!.length])).toEqual([
        ['MR_PROTOCOL_RECORD_SIZE', 1, 4000],
      ])
      expect(await f.read(topic)).toEqual([...expected, 'end'])
    })

    it('fails for good when a batch is refused and nobody drops it', async () => {
      await using f = await fixture()
      const topic = await f.topic(1, { 'max.message.bytes': '1000' })
      const producer = await f.producer()
      producer.append(topic, 0, null, new Uint8Array(2000), baseMs)
      expect(await codeOf(producer.flush())).toBe('MR_PROTOCOL_RECORD_SIZE')
      expect(() => producer.append(topic, 0, null, null, baseMs)).toThrow(RecordError)
    })

    it('says that the topic to write to is missing, and which partition does not exist', async () => {
      await using f = await fixture()
      const producer = await f.producer({ missingMs: 100 })
      producer.append('no-such-topic', 0, null, null, baseMs)
      expect(await codeOf(producer.flush())).toBe('MR_PROTOCOL_TOPIC_MISSING')
      const other = await f.producer()
      other.append(await f.topic(2), 2, null, null, baseMs)
      expect(await codeOf(other.flush())).toBe('MR_PROTOCOL_PARTITION_MISSING')
    })

    it('begins where it is told: an offset, the ends, a time', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      await f.write(topic, 10)
      const fetcher = await f.fetcher()
      const from = async (offset: Parameters<typeof fetcher.seek>[2], count: number): Promise<unknown[]> => {
        fetcher.assign([{ topic, partition: 0, offset }])
        return pollValues(fetcher, count)
      }
      expect(await from(7, 3)).toEqual(['v7', 'v8', 'v9'])
      expect(await from('earliest', 10)).toHaveLength(10)
      expect(await from({ timestampMs: baseMs + 8 }, 2)).toEqual(['v8', 'v9'])
      fetcher.assign([{ topic, partition: 0, offset: 'latest' }])
      await until(async () => {
        expect(await fetcher.poll(20)).toEqual([])
        return fetcher.position(topic, 0) === 10
      })
      await f.write(topic, 1, 10)
      expect(await pollValues(fetcher, 1)).toEqual(['v10'])
    })

    it('hands over nothing of a paused partition and all of it afterwards', async () => {
      await using f = await fixture()
      const topic = await f.topic(2)
      await f.write(topic, 5, 0, 0)
      await f.write(topic, 5, 10, 1)
      const fetcher = await f.fetcher()
      fetcher.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })))
      fetcher.pause([{ topic, partition: 0 }])
      expect(await pollValues(fetcher, 5)).toEqual(['v10', 'v11', 'v12', 'v13', 'v14'])
      expect(await fetcher.poll(50)).toEqual([])
      fetcher.resume([{ topic, partition: 0 }])
      expect(await pollValues(fetcher, 5)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4'])
    })

    it('does not read ahead of a slow reader without bound', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await f.producer({ batchBytes: 2000 })
      for (let i = 0; i < 500; i++) producer.append(topic, 0, null, new Uint8Array(1000), baseMs + i)
      await producer.flush()
      const fetcher = await f.fetcher({ partitionMaxBytes: 10_000, partitionBufferedBytesMax: 20_000 })
      fetcher.assign([{ topic, partition: 0, offset: 0 }])
      await until(() => fetcher.bufferedBytes >= 20_000)
      expect(fetcher.bufferedBytes).toBeLessThanOrEqual(32_000)
      expect(await pollValues(fetcher, 500)).toHaveLength(500)
    })

    it('returns at once when woken', async () => {
      await using f = await fixture()
      const fetcher = await f.fetcher()
      const polled = fetcher.poll(3_600_000)
      fetcher.wakeup()
      expect(await polled).toEqual([])
      fetcher.wakeup()
      expect(await fetcher.poll(3_600_000)).toEqual([])
    })

    it('throws when the offset does not exist, or goes on where the policy says', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      await f.write(topic, 10)
      await deleteRecords(await f.cluster(), [{ topic, partition: 0, offset: 5 }])
      const strict = await f.fetcher()
      strict.assign([{ topic, partition: 0, offset: 2 }])
      expect(await codeOf(pollValues(strict, 1))).toBe('MR_PROTOCOL_OFFSET_RANGE')
      const asked: unknown[] = []
      const lenient = await f.fetcher({
        onOutOfRange: (...question) => {
          asked.push(question)
          return 'earliest'
        },
      })
      lenient.assign([{ topic, partition: 0, offset: 2 }])
      expect(await pollValues(lenient, 5)).toEqual(['v5', 'v6', 'v7', 'v8', 'v9'])
      expect(asked).toEqual([[topic, 0, 2]])
    })

    it('says when the topic it reads is deleted, and when it is created anew', async () => {
      await using f = await fixture()
      const cluster = await f.cluster()
      const topic = await f.topic()
      await f.write(topic, 3)
      const fetcher = await f.fetcher({ missingMs: 300 })
      fetcher.assign([{ topic, partition: 0, offset: 0 }])
      expect(await pollValues(fetcher, 3)).toHaveLength(3)
      assertTopics(await deleteTopics(cluster, [topic]))
      let error: unknown
      await until(async () => {
        error = await fetcher.poll(50).catch((thrown: unknown) => thrown)
        return error instanceof FatalError
      })
      expect((error as FatalError).code).toBe('MR_PROTOCOL_TOPIC_MISSING')

      const other = await f.topic()
      await f.write(other, 3)
      const patient = await f.fetcher({ missingMs: 60_000 })
      patient.assign([{ topic: other, partition: 0, offset: 0 }])
      expect(await pollValues(patient, 3)).toHaveLength(3)
      assertTopics(await deleteTopics(cluster, [other]))
      await until(async () => !(await listTopics(cluster)).has(other))
      assertTopics(await createTopics(cluster, [{ name: other, partitions: 1, replicationFactor: 1 }]))
      await until(async () => {
        error = await patient.poll(50).catch((thrown: unknown) => thrown)
        return error instanceof FatalError
      })
      expect((error as FatalError).code).toBe('MR_PROTOCOL_TOPIC_REPLACED')
    })

    it('reads a range to its end by position', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      await f.write(topic, 20)
      expect(await f.read(topic)).toHaveLength(20)
    })

    it('hands over parts with offsets that fit', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      await f.write(topic, 5)
      const fetcher = await f.fetcher()
      fetcher.assign([{ topic, partition: 0, offset: 3 }])
      let parts = await fetcher.poll(5000)
      while (parts.length === 0) parts = await fetcher.poll(5000)
      expect(parts[0]).toMatchObject({ topic, partition: 0, nextOffset: 5, highWatermark: 5, logStartOffset: 0 })
      expect(valuesOf(parts[0]!)).toEqual(['v3', 'v4'])
    })
  })
}
