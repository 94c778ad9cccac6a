/** Transactions: what is visible when, what fences whom, what is left after a failure. */
import { RetriableError, StreamsError, TaskMigratedError, TransactionAbortedError } from '@millrace/core'
import type { Transport, TransportChannel } from '@millrace/core/port'
import {
  Cluster,
  commitOffsets,
  fetchCommittedOffsets,
  type GroupIdentity,
  GroupMember,
  listOffsets,
  outsider,
  readPartition,
  TransactionalProducer,
  type TransactionalProducerOptions,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { baseMs, bytes, Fixture, surroundings, text, until } from './fixture.ts'

const errorOf = async (promise: Promise<unknown>): Promise<StreamsError | null> =>
  promise.then(
    () => null,
    (error: unknown) => (error instanceof StreamsError ? error : Promise.reject(error as Error)),
  )

/** @param open a new transport to the broker under test */
export function transactionContract(open: () => Promise<Transport> | Transport): void {
  const fixture = async (): Promise<Fixture> => new Fixture(await open())
  const newId = (): string => `x-${crypto.randomUUID()}`

  async function ready(
    f: Fixture,
    transactionalId: string,
    options: Partial<TransactionalProducerOptions> = {},
  ): Promise<TransactionalProducer> {
    const producer = new TransactionalProducer(await f.cluster('produce'), { transactionalId, lingerMs: 1, ...options })
    f.onEnd(async () => producer.close())
    await producer.init()
    return producer
  }

  const write = async (to: TransactionalProducer, topic: string, ...values: string[]): Promise<void> => {
    for (const value of values) to.producer.append(topic, 0, null, bytes(value), baseMs)
    await to.producer.flush()
  }

  /** Committed values with their offsets, as a reader sees them that begins at `from`. */
  async function readFrom(f: Fixture, topic: string, from: number): Promise<(readonly [number, string | null])[]> {
    const cluster = await f.cluster('fetch')
    const isolation = 'read_committed'
    const [end] = await listOffsets(cluster, [{ topic, partition: 0, at: 'latest' }], { isolation })
    const found: (readonly [number, string | null])[] = []
    for await (const part of readPartition(cluster, { topic, partition: 0, from, to: end!.offset }, { isolation })) {
      for (const { records, first } of part.batches) {
        for (let i = first; i < records.count; i++) found.push([records.offsetAt(i), text(records.valueAt(i))])
      }
    }
    return found
  }

  /** A member of a group with one generation, and how to begin the next. */
  async function member(
    f: Fixture,
    groupId: string,
  ): Promise<{ identity: () => GroupIdentity; rejoin: () => Promise<void> }> {
    let generation = 0
    const joined = new GroupMember({
      cluster: await f.cluster('group'),
      sideCluster: await f.cluster(),
      groupId,
      protocolName: 'p',
      rebalanceProtocol: 'cooperative',
      subscription: () => bytes(''),
      assign: () => new Map(),
      onAssigned: async () => void generation++,
      onLost: async () => undefined,
    })
    f.onEnd(async () => joined.leave({ send: true }))
    const settle = async (count: number): Promise<void> =>
      until(async () => {
        await joined.poll()
        return generation === count
      })
    await settle(1)
    return {
      identity: () => joined.identity!,
      rejoin: async () => {
        joined.requestRejoin('test')
        await settle(generation + 1)
      },
    }
  }

  describe('a transaction', () => {
    it('shows its records when it is committed, and never when it is aborted', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await ready(f, newId())
      await write(producer, topic, 'a1', 'a2')
      expect(await f.read(topic, 'read_committed')).toEqual([])
      await producer.commit()
      await write(producer, topic, 'b1', 'b2')
      await producer.abort()
      await write(producer, topic, 'c1')
      await producer.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length === 3)
      expect(await f.read(topic, 'read_committed')).toEqual(['a1', 'a2', 'c1'])
      expect(await f.read(topic)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1'])
      expect(producer.state).toBe('ready')
    })

    it('is aborted by a producer that retires, so that nobody waits for its timeout', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const leaving = await ready(f, newId(), { transactionTimeoutMs: 60_000 })
      await write(leaving, topic, 'a')
      const other = await ready(f, newId())
      await write(other, topic, 'b')
      await other.commit()
      await leaving.retire(5_000)
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['b'])
      expect(leaving.state).toBe('failed')
    })

    it('is not committed when the fence refuses directly before its end, and its successor aborts it', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const id = newId()
      const producer = await ready(f, id, { transactionTimeoutMs: 60_000 })
      await write(producer, topic, 'a')
      const refusal = new TaskMigratedError('MR_PROTOCOL_MEMBER_LOST', { group: 'g', member: 'm', reason: 'a test' })
      await expect(producer.commit(() => refusal)).rejects.toBe(refusal)
      expect(producer.state).toBe('failed')
      const successor = await ready(f, id)
      await write(successor, topic, 'b')
      await successor.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['b'])
    })

    it('writes a batch after an abort that looks like the one before (K2)', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await ready(f, newId())
      await write(producer, topic, 'first')
      await producer.abort()
      await write(producer, topic, 'SECND')
      await producer.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['SECND'])
    })

    it('hides aborted records with the key int32 0 (K5)', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const producer = await ready(f, newId())
      for (const key of [null, new Uint8Array(4), null])
        producer.producer.append(topic, 0, key, bytes('aborted'), baseMs)
      await producer.producer.flush()
      await producer.abort()
      await write(producer, topic, 'end')
      await producer.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['end'])
    })

    it('hides interleaved aborts, read from every offset (K6, K7)', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const a = await ready(f, newId())
      const b = await ready(f, newId())
      const c = await ready(f, newId())
      await write(a, topic, 'a0')
      await write(b, topic, 'b0')
      await write(c, topic, 'c0')
      await write(a, topic, 'a1')
      await write(b, topic, 'b1')
      await b.abort()
      await write(c, topic, 'c1')
      await a.abort()
      await c.commit()
      await write(a, topic, 'a2')
      await a.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length === 3)
      // Where the markers stand is the coordinator's affair.
      const visible = await readFrom(f, topic, 0)
      expect(visible.map(([, value]) => value)).toEqual(['c0', 'c1', 'a2'])
      for (let from = 1; from <= visible.at(-1)![0]; from++) {
        const expected = visible.filter(([offset]) => offset >= from)
        expect(await readFrom(f, topic, from), `from ${from}`).toEqual(expected)
      }
    })

    it('carries many transactions one after the other over several partitions', async () => {
      await using f = await fixture()
      const topic = await f.topic(3)
      const producer = await ready(f, newId())
      const expected: string[][] = [[], [], []]
      for (let i = 0; i < 30; i++) {
        for (let r = 0; r < 5; r++) {
          const partition = (i + r) % 3
          producer.producer.append(topic, partition, null, bytes(`${i}.${r}`), baseMs)
          if (i % 4 !== 3) expected[partition]!.push(`${i}.${r}`)
        }
        if (i % 4 === 3) await producer.abort()
        else await producer.commit()
      }
      for (const partition of [0, 1, 2]) {
        await until(
          async () => (await f.read(topic, 'read_committed', partition)).length === expected[partition]!.length,
        )
        expect(await f.read(topic, 'read_committed', partition)).toEqual(expected[partition])
      }
    })

    it('asks for nothing when it is empty', async () => {
      await using f = await fixture()
      const producer = await ready(f, newId())
      const { producerEpoch } = producer.identity
      await producer.commit()
      await producer.abort()
      await producer.commit()
      expect(producer.identity.producerEpoch).toBe(producerEpoch)
    })

    it('drops a refused record and commits its neighbours', async () => {
      await using f = await fixture()
      const topic = await f.topic(1, { 'max.message.bytes': '1000' })
      const producer = await ready(f, newId(), { onRefused: () => 'drop' })
      await write(producer, topic, 'before')
      producer.producer.append(topic, 0, null, new Uint8Array(2000), baseMs)
      await producer.producer.flush()
      await write(producer, topic, 'after')
      await producer.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length === 2)
      expect(await f.read(topic, 'read_committed')).toEqual(['before', 'after'])
    })

    it('cannot be committed after a refusal that nobody drops, and leaves nothing behind', async () => {
      await using f = await fixture()
      const topic = await f.topic(1, { 'max.message.bytes': '1000' })
      const id = newId()
      const producer = await ready(f, id)
      await write(producer, topic, 'before')
      producer.producer.append(topic, 0, null, new Uint8Array(2000), baseMs)
      const error = await errorOf(producer.commit())
      expect(error).toBeInstanceOf(TransactionAbortedError)
      expect((error!.cause as StreamsError).code).toBe('MR_PROTOCOL_RECORD_SIZE')
      expect(producer.state).toBe('failed')
      const successor = await ready(f, id)
      await write(successor, topic, 'next')
      await successor.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['next'])
    })
  })

  describe('offsets in a transaction', () => {
    it('count when it is committed, not when it is aborted', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const group = `g-${crypto.randomUUID()}`
      const cluster = await f.cluster()
      const read = async (requireStable = true): Promise<number> =>
        (await fetchCommittedOffsets(cluster, group, [{ topic, partition: 0 }], { requireStable }))[0]!.offset
      const producer = await ready(f, newId())
      await producer.sendOffsets(outsider(group), [{ topic, partition: 0, offset: 5 }])
      expect(await read(false)).toBe(-1)
      await producer.commit()
      expect(await read()).toBe(5)
      await write(producer, topic, 'x')
      await producer.sendOffsets(outsider(group), [{ topic, partition: 0, offset: 6 }])
      await producer.abort()
      expect(await read()).toBe(5)
    })

    it('are refused to an old generation: the task belongs to others', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const group = `g-${crypto.randomUUID()}`
      const { identity, rejoin } = await member(f, group)
      const lease = identity()
      const id = newId()
      const zombie = await ready(f, id)
      await write(zombie, topic, 'zombie')
      await rejoin()
      const error = await errorOf(zombie.sendOffsets(lease, [{ topic, partition: 0, offset: 1 }]))
      expect(error).toBeInstanceOf(TaskMigratedError)
      expect(error!.code).toBe('MR_PROTOCOL_MEMBER_LOST')
      expect(await errorOf(zombie.commit())).toBe(error)
      const successor = await ready(f, id)
      await write(successor, topic, 'owner')
      await successor.sendOffsets(identity(), [{ topic, partition: 0, offset: 2 }])
      await successor.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['owner'])
    })

    it('are waited for by a stable read', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const group = `g-${crypto.randomUUID()}`
      const cluster = await f.cluster()
      await commitOffsets(cluster, outsider(group), [{ topic, partition: 0, offset: 1 }])
      const producer = await ready(f, newId())
      await producer.sendOffsets(outsider(group), [{ topic, partition: 0, offset: 2 }])
      const stable = fetchCommittedOffsets(cluster, group, [{ topic, partition: 0 }])
      const hasty = await errorOf(fetchCommittedOffsets(cluster, group, [{ topic, partition: 0 }], { timeoutMs: 100 }))
      expect(hasty?.code).toBe('MR_PROTOCOL_DEADLINE')
      await producer.commit()
      expect(await stable).toMatchObject([{ offset: 2 }])
    })
  })

  describe('a transactional id', () => {
    it('belongs to the newest producer; what the old one left open is aborted', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const id = newId()
      const old = await ready(f, id)
      await write(old, topic, 'old')
      const successor = await ready(f, id)
      expect(await errorOf(old.commit())).toBeInstanceOf(TaskMigratedError)
      expect(old.producer.failure).toMatchObject({ code: 'MR_PROTOCOL_PRODUCER_FENCED' })
      await write(successor, topic, 'new')
      await successor.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['new'])
    })

    it('fences a producer that is in the middle of producing', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const id = newId()
      const old = await ready(f, id)
      await write(old, topic, 'old')
      await ready(f, id)
      old.producer.append(topic, 0, null, bytes('late'), baseMs)
      const error = await errorOf(old.producer.flush())
      expect(error).toBeInstanceOf(TaskMigratedError)
      expect(error!.code).toBe('MR_PROTOCOL_PRODUCER_FENCED')
    })

    it('goes on with a new producer after the transaction timed out', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const id = newId()
      const slow = await ready(f, id, { transactionTimeoutMs: 1000 })
      await write(slow, topic, 'slow')
      await until(async () => {
        const [end, stable] = await Promise.all(
          (['read_uncommitted', 'read_committed'] as const).map(async (isolation) =>
            listOffsets(await f.cluster(), [{ topic, partition: 0, at: 'latest' }], { isolation }),
          ),
        )
        return end![0]!.offset === stable![0]!.offset
      }, 'the coordinator aborts')
      // Fenced under V1; under V2 the epoch is the coordinator's and the state is wrong. Both end in the recovery path.
      const error = await errorOf(slow.commit())
      expect(['MR_PROTOCOL_PRODUCER_FENCED', 'MR_PROTOCOL_TRANSACTION_ABORTED']).toContain(error?.code)
      const successor = await ready(f, id)
      await write(successor, topic, 'next')
      await successor.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length > 0)
      expect(await f.read(topic, 'read_committed')).toEqual(['next'])
    })
  })

  describe('a lost answer to EndTxn', () => {
    /** Loses the next answer to EndTxn, after the broker has carried it out. */
    async function withLoss(f: Fixture, transport: Transport, id: string): Promise<TransactionalProducer> {
      const inner = await transport.open('produce')
      let isLost = false
      const channel: TransportChannel = {
        send: async (node, apiKey, version, body, options) => {
          const answer = await inner.send(node, apiKey, version, body, options)
          if (apiKey !== 26 || isLost) return answer
          isLost = true
          throw new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: 'it', reason: 'the test lost the answer' })
        },
        learn: (brokers) => inner.learn(brokers),
        close: async () => inner.close(),
      }
      const cluster = new Cluster(channel, surroundings)
      const producer = new TransactionalProducer(cluster, { transactionalId: id, lingerMs: 1 })
      f.onEnd(async () => cluster.close())
      f.onEnd(async () => producer.close())
      await producer.init()
      return producer
    }

    it('is asked for again under V2, and is an unknown outcome that a successor decides under V1', async () => {
      const transport = await open()
      await using f = new Fixture(transport)
      const topic = await f.topic()
      const id = newId()
      const producer = await withLoss(f, transport, id)
      await write(producer, topic, 'committed')
      const error = await errorOf(producer.commit())
      if (producer.isV2) expect(error).toBe(null)
      else expect(error?.code).toBe('MR_PROTOCOL_COMMIT_UNKNOWN')
      const next = producer.isV2 ? producer : await ready(f, id)
      await write(next, topic, 'next')
      await next.commit()
      await until(async () => (await f.read(topic, 'read_committed')).length === 2)
      expect(await f.read(topic, 'read_committed')).toEqual(['committed', 'next'])
    })
  })
}
