/** What real brokers answer to transactional requests of both generations, as a suite for any broker. */
import type { Transport } from '@millrace/core/port'
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  decodeBatches,
  describeProducers,
  describeTransactions,
  endTxn,
  errorCode,
  leaveGroup,
  listOffsets,
  offsetFetch,
  txnOffsetCommit,
} from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { batchOf, RawClient, settled } from './raw-client.ts'

export interface Producer {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** Asks as a transactional producer does. */
export class TransactionClient extends RawClient {
  async producer(options: Parameters<RawClient['init']>[1] = {}): Promise<Producer> {
    const transactionalId = `x-${crypto.randomUUID()}`
    await this.coordinator(transactionalId, 1)
    const { producerId, producerEpoch } = await this.init(transactionalId, options)
    return { transactionalId, producerId, producerEpoch }
  }

  async add(producer: Producer, topic: string, version = 3): Promise<number> {
    const answer = await this.ask(addPartitionsToTxn, version, {
      v3AndBelowTransactionalId: producer.transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    })
    return answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode ?? -99
  }

  async added(producer: Producer, topic: string): Promise<void> {
    expect(
      await settled(
        () => this.add(producer, topic),
        (code) => code,
      ),
    ).toBe(0)
  }

  async put(
    producer: Producer,
    topic: string,
    from: { sequence: number; value: string; version?: number },
  ): Promise<{
    errorCode: number
    baseOffset: bigint
  }> {
    const { producerId, producerEpoch, transactionalId } = producer
    const { sequence: baseSequence, value, version = 9 } = from
    const batch = batchOf([value], { producerId, producerEpoch, baseSequence, isTransactional: true })
    return this.write(topic, batch, { transactionalId, version })
  }

  async addOffsets(producer: Producer, groupId: string, version = 3): Promise<number> {
    const { transactionalId, producerId, producerEpoch } = producer
    return (await this.ask(addOffsetsToTxn, version, { transactionalId, producerId, producerEpoch, groupId })).errorCode
  }

  async end(
    producer: Producer,
    committed: boolean,
    version = 3,
  ): Promise<{
    errorCode: number
    producerId: bigint
    producerEpoch: number
  }> {
    const { transactionalId, producerId, producerEpoch } = producer
    return this.ask(endTxn, version, { transactionalId, producerId, producerEpoch, committed })
  }

  async ended(producer: Producer, committed: boolean, version = 3): Promise<number> {
    return (
      await settled(
        () => this.end(producer, committed, version),
        (answer) => answer.errorCode,
      )
    ).errorCode
  }

  async commitOffset(
    producer: Producer,
    of: { groupId: string; topic: string; offset?: bigint },
    claim: { generation?: number; memberId?: string; instanceId?: string | null; version?: number } = {},
  ): Promise<number> {
    const { version = 3, generation = -1, memberId = '', instanceId = null } = claim
    const member = version >= 3 ? { generationIdOrMemberEpoch: generation, memberId, groupInstanceId: instanceId } : {}
    const answer = await this.ask(txnOffsetCommit, version, {
      transactionalId: producer.transactionalId,
      groupId: of.groupId,
      producerId: producer.producerId,
      producerEpoch: producer.producerEpoch,
      ...member,
      topics: [
        {
          name: of.topic,
          partitions: [{ partitionIndex: 0, committedOffset: of.offset ?? 5n, committedMetadata: '' }],
        },
      ],
    })
    return answer.topics[0]?.partitions[0]?.errorCode ?? -99
  }

  async committed(
    groupId: string,
    topic: string,
    requireStable: boolean,
  ): Promise<{ offset: bigint; errorCode: number }> {
    const topics = [{ name: topic, partitionIndexes: [0] }]
    const answer = await this.ask(offsetFetch, 7, { groupId, topics, requireStable })
    const found = answer.topics[0]?.partitions[0]
    return { offset: found?.committedOffset ?? -99n, errorCode: found?.errorCode ?? -99 }
  }

  /** The committed offset once no transaction is pending. */
  async stable(groupId: string, topic: string): Promise<bigint> {
    for (let round = 0; round < 500; round++) {
      const { offset, errorCode: code } = await this.committed(groupId, topic, true)
      if (code !== errorCode.UNSTABLE_OFFSET_COMMIT) return offset
      await new Promise((resolve) => {
        setTimeout(resolve, 10)
      })
    }
    throw new Error('still unstable')
  }

  /** Values that a reader finds, markers as <commit> and <abort>. */
  async log(topic: string): Promise<string[]> {
    const { records } = await this.read(topic)
    return decodeBatches(records ?? new Uint8Array(0)).flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i) => {
        if (batch.header.isControl) return batch.keyAt(i)?.[3] === 1 ? '<commit>' : '<abort>'
        return new TextDecoder().decode(batch.valueAt(i) ?? new Uint8Array(0))
      }),
    )
  }
}

/** @param open a new transport to the broker under test */
export function transactionAnswers(open: () => Transport, release: '3.9' | '4.x'): void {
  const client = (): TransactionClient => new TransactionClient(open())

  describe('InitProducerId', () => {
    it('raises the epoch by one each time', async () => {
      await using c = client()
      const { transactionalId, producerId, producerEpoch } = await c.producer({ version: 1 })
      for (const [i, version] of [1, 3, 4].entries()) {
        const answer = await c.init(transactionalId, { version })
        expect(answer).toMatchObject({ errorCode: 0, producerId, producerEpoch: producerEpoch + i + 1 })
      }
    })

    it('refuses an id and epoch that are not the present ones with 47 (v3) and 90 (v4), and takes any for a new id', async () => {
      await using c = client()
      const { transactionalId, producerId } = await c.producer()
      await c.init(transactionalId)
      const old = { producerId, producerEpoch: 5 }
      expect(await c.init(transactionalId, old)).toMatchObject({ errorCode: errorCode.INVALID_PRODUCER_EPOCH })
      expect(await c.init(transactionalId, { ...old, version: 4 })).toMatchObject({
        errorCode: errorCode.PRODUCER_FENCED,
      })
      expect(await c.init(`new-${transactionalId}`, { producerId: 0n, producerEpoch: 0 })).toMatchObject({
        errorCode: 0,
      })
    })

    it('gives the same epoch again to an owner that repeats its bump', async () => {
      await using c = client()
      const { transactionalId, producerId, producerEpoch } = await c.producer()
      const claim = { producerId, producerEpoch }
      const bumped = await c.init(transactionalId, claim)
      expect(bumped).toMatchObject({ errorCode: 0, producerEpoch: producerEpoch + 1 })
      expect(await c.init(transactionalId, claim)).toMatchObject({ errorCode: 0, producerEpoch: producerEpoch + 1 })
    })

    it('ends an open transaction of the owner itself: on 3.9 that fences it, since 4.0 it goes on with epoch + 1', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 0, value: 'lost' })
      const { transactionalId, producerId, producerEpoch } = producer
      const claimed = await c.init(transactionalId, { producerId, producerEpoch })
      if (release === '3.9') expect(claimed).toMatchObject({ errorCode: 47 })
      else expect(claimed).toMatchObject({ errorCode: 0, producerId, producerEpoch: producerEpoch + 1 })
      expect(await c.log(name)).toEqual(['lost', '<abort>'])
    })

    it('aborts an open transaction of its predecessor: epoch + 2, and fences it', async () => {
      await using c = client()
      const { name } = await c.topic()
      const first = await c.producer()
      await c.added(first, name)
      await c.put(first, name, { sequence: 0, value: 'lost' })
      const second = await c.init(first.transactionalId)
      expect(second).toMatchObject({ errorCode: 0, producerEpoch: first.producerEpoch + 2 })
      expect(await c.log(name)).toEqual(['lost', '<abort>'])
      expect(await c.put(first, name, { sequence: 1, value: 'x', version: 7 })).toMatchObject({ errorCode: 47 })
      expect(await c.put(first, name, { sequence: 1, value: 'x', version: 9 })).toMatchObject({ errorCode: 47 })
      expect(await c.add(first, name, 1)).toBe(47)
      expect(await c.add(first, name, 3)).toBe(90)
      expect(await c.addOffsets(first, 'g', 1)).toBe(47)
      expect(await c.addOffsets(first, 'g', 3)).toBe(90)
      expect(await c.end(first, true, 1)).toMatchObject({ errorCode: 47 })
      expect(await c.end(first, true, 3)).toMatchObject({ errorCode: 90 })
      expect(await c.commitOffset(first, { groupId: 'g', topic: name })).toBe(47)
    })
  })

  describe('transactions V1', () => {
    it('refuse batches and offsets that were not announced', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      for (const version of [7, 9]) {
        const answer = await c.put(producer, name, { sequence: 0, value: 'x', version })
        expect(answer).toMatchObject({ errorCode: errorCode.INVALID_TXN_STATE })
      }
      const late = await c.put(producer, name, { sequence: 0, value: 'x', version: 11 })
      expect(late).toMatchObject({ errorCode: errorCode.TRANSACTION_ABORTABLE })
      expect(await c.commitOffset(producer, { groupId: 'g', topic: name })).toBe(errorCode.INVALID_TXN_STATE)
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 0, value: 'x' })
      await c.end(producer, false)
      await c.ended(producer, false)
      const after = await c.put(producer, name, { sequence: 1, value: 'y' })
      expect(after).toMatchObject({ errorCode: errorCode.INVALID_TXN_STATE })
    })

    it('hold back a read_committed reader until they are decided', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      await c.added(producer, name)
      for (const [sequence, value] of ['a', 'b', 'c'].entries()) await c.put(producer, name, { sequence, value })
      const open = await c.read(name, { committed: true })
      expect(open).toMatchObject({ errorCode: 0, highWatermark: 3n, lastStableOffset: 0n })
      expect(open.records?.length ?? 0).toBe(0)
      const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1n }] }]
      const ends = await c.ask(listOffsets, 3, { replicaId: -1, isolationLevel: 1, topics })
      expect(ends.topics[0]?.partitions[0]).toMatchObject({ offset: 0n })
      expect((await c.end(producer, true)).errorCode).toBe(0)
      expect(await c.ended(producer, true)).toBe(0)
      const decided = await c.read(name, { committed: true })
      expect(decided).toMatchObject({ highWatermark: 4n, lastStableOffset: 4n, abortedTransactions: [] })
      expect(await c.log(name)).toEqual(['a', 'b', 'c', '<commit>'])
    })

    it('write the marker with the epoch of the producer, no sequence, and the coordinator epoch', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 0, value: 'a' })
      await c.end(producer, false)
      await c.ended(producer, false)
      const { records } = await c.read(name)
      const marker = decodeBatches(records!).at(-1)!
      expect(marker.header).toMatchObject({
        isControl: true,
        isTransactional: true,
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        baseSequence: -1,
      })
      expect([...marker.keyAt(0)!]).toEqual([0, 0, 0, 0])
      expect([...marker.valueAt(0)!].slice(0, 2)).toEqual([0, 0])
      expect(marker.valueAt(0)).toHaveLength(6)
    })

    it('list aborted ones in the order of their ends (A begins first, B aborts first)', async () => {
      await using c = client()
      const { name } = await c.topic()
      const a = await c.producer()
      const b = await c.producer()
      await c.added(a, name)
      await c.added(b, name)
      await c.put(a, name, { sequence: 0, value: 'a' })
      await c.put(b, name, { sequence: 0, value: 'b' })
      for (const producer of [b, a]) {
        await c.end(producer, false)
        await c.ended(producer, false)
      }
      expect((await c.read(name, { committed: true })).abortedTransactions).toEqual([
        { producerId: b.producerId, firstOffset: 1n },
        { producerId: a.producerId, firstOffset: 0n },
      ])
      expect((await c.read(name, { committed: false })).abortedTransactions).toBe(null)
      const inside = await c.read(name, { committed: true, offset: 3 })
      expect(inside.abortedTransactions).toEqual([{ producerId: a.producerId, firstOffset: 0n }])
    })

    it('take a repeated end for what it is, and the opposite for an error', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      expect(await c.end(producer, true)).toMatchObject({ errorCode: errorCode.INVALID_TXN_STATE })
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 0, value: 'a' })
      expect(await c.end(producer, true)).toMatchObject({ errorCode: 0 })
      expect(await c.ended(producer, true)).toBe(0)
      expect(await c.ended(producer, false)).toBe(errorCode.INVALID_TXN_STATE)
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 1, value: 'b' })
      expect(await c.end(producer, false)).toMatchObject({ errorCode: 0 })
      expect(await c.ended(producer, false)).toBe(0)
      expect(await c.ended(producer, true)).toBe(errorCode.INVALID_TXN_STATE)
    })

    it('K2: take a batch after an abort, same epoch and sequence, for a repeat and do not write it', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      await c.added(producer, name)
      await c.put(producer, name, { sequence: 0, value: 'first' })
      await c.end(producer, false)
      await c.added(producer, name)
      const second = await c.put(producer, name, { sequence: 0, value: 'SECOND' })
      expect(second).toMatchObject({ errorCode: 0, baseOffset: 0n })
      await c.end(producer, true)
      await c.ended(producer, true)
      expect(await c.log(name)).not.toContain('SECOND')
    })

    it('keep offsets pending until they are decided', async () => {
      await using c = client()
      const { name } = await c.topic(2)
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const producer = await c.producer()
      expect(
        await settled(
          () => c.addOffsets(producer, groupId),
          (code) => code,
        ),
      ).toBe(0)
      expect(await c.commitOffset(producer, { groupId, topic: name, offset: 5n })).toBe(0)
      expect(await c.committed(groupId, name, true)).toEqual({
        offset: -1n,
        errorCode: errorCode.UNSTABLE_OFFSET_COMMIT,
      })
      expect(await c.committed(groupId, name, false)).toEqual({ offset: -1n, errorCode: 0 })
      await c.end(producer, true)
      expect(await c.stable(groupId, name)).toBe(5n)
      expect(
        await settled(
          () => c.addOffsets(producer, groupId),
          (code) => code,
        ),
      ).toBe(0)
      await c.commitOffset(producer, { groupId, topic: name, offset: 9n })
      expect(await c.committed(groupId, name, false)).toEqual({ offset: 5n, errorCode: 0 })
      await c.end(producer, false)
      expect(await c.stable(groupId, name)).toBe(5n)
    })

    it('check the generation of whoever commits offsets, if it says one', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const { memberId, generationId: generation } = await c.soleMember(groupId)
      const producer = await c.producer()
      expect(
        await settled(
          () => c.addOffsets(producer, groupId),
          (code) => code,
        ),
      ).toBe(0)
      const of = { groupId, topic: name }
      expect(await c.commitOffset(producer, of, { generation: generation - 1, memberId })).toBe(22)
      expect(await c.commitOffset(producer, of, { generation: generation + 1, memberId })).toBe(22)
      expect(await c.commitOffset(producer, of, { generation, memberId: 'stranger' })).toBe(25)
      expect(await c.commitOffset(producer, of, { generation, memberId, instanceId: 'unknown' })).toBe(25)
      expect(await c.commitOffset(producer, of, { generation, memberId })).toBe(0)
      expect(await c.commitOffset(producer, of, {})).toBe(0)
      expect(await c.commitOffset(producer, of, { version: 1 })).toBe(0)
      await c.ask(leaveGroup, 3, { groupId, members: [{ memberId, groupInstanceId: null }] })
      expect(await c.commitOffset(producer, of, { generation, memberId })).toBe(25)
      await c.end(producer, false)
    })

    it('are described while they are open', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      await c.added(producer, name)
      await c.addOffsets(producer, 'described')
      await c.put(producer, name, { sequence: 0, value: 'a' })
      const open = await c.ask(describeProducers, 0, { topics: [{ name, partitionIndexes: [0] }] })
      expect(open.topics[0]?.partitions[0]?.activeProducers).toMatchObject([
        { producerId: producer.producerId, currentTxnStartOffset: 0n, coordinatorEpoch: -1, lastSequence: 0 },
      ])
      const { transactionStates } = await c.ask(describeTransactions, 0, {
        transactionalIds: [producer.transactionalId],
      })
      expect(transactionStates[0]).toMatchObject({ errorCode: 0, transactionState: 'Ongoing' })
      expect(transactionStates[0]?.topics.map(({ topic }) => topic).sort()).toEqual(['__consumer_offsets', name])
      await c.end(producer, false)
      await c.ended(producer, false)
      const closed = await c.ask(describeProducers, 0, { topics: [{ name, partitionIndexes: [0] }] })
      expect(closed.topics[0]?.partitions[0]?.activeProducers).toMatchObject([{ currentTxnStartOffset: -1n }])
    })

    it('are aborted when their owner is silent for too long, and it is fenced', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const producer = await c.producer({ timeoutMs: 100 })
      await c.added(producer, name)
      await c.addOffsets(producer, groupId)
      await c.put(producer, name, { sequence: 0, value: 'a' })
      await c.commitOffset(producer, { groupId, topic: name })
      expect(await c.stable(groupId, name)).toBe(-1n)
      await settled(
        () => c.end(producer, true, 3),
        (answer) => answer.errorCode,
      )
      expect(await c.log(name)).toEqual(['a', '<abort>'])
      expect(await c.put(producer, name, { sequence: 1, value: 'b' })).toMatchObject({ errorCode: 47 })
      expect(await c.add(producer, name, 3)).toBe(90)
      expect(await c.end(producer, true, 1)).toMatchObject({ errorCode: 47 })
      expect(await c.end(producer, true, 3)).toMatchObject({ errorCode: 90 })
      const { transactionalId, producerId, producerEpoch } = producer
      const claimed = await c.init(transactionalId, { producerId, producerEpoch })
      if (release === '3.9') expect(claimed).toMatchObject({ errorCode: 47 })
      else expect(claimed).toMatchObject({ errorCode: 0, producerId, producerEpoch: producerEpoch + 1 })
      expect(await c.init(transactionalId)).toMatchObject({ errorCode: 0, producerEpoch: producerEpoch + 2 })
    })
  })

  describe.runIf(release === '4.x')('transactions V2', () => {
    it('announce partitions and offsets by using them', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const { memberId, generationId: generation } = await c.soleMember(groupId)
      const producer = await c.producer({ version: 5 })
      expect(await c.put(producer, name, { sequence: 0, value: 'a', version: 12 })).toMatchObject({ errorCode: 0 })
      const of = { groupId, topic: name, offset: 7n }
      expect(await c.commitOffset(producer, of, { version: 5, generation, memberId })).toBe(0)
      expect(await c.commitOffset(producer, of, { version: 5, generation: generation + 1, memberId })).toBe(22)
      expect((await c.end(producer, true, 5)).errorCode).toBe(0)
      expect(await c.stable(groupId, name)).toBe(7n)
    })

    it('have an epoch each: the answer to EndTxn holds the next one, the markers carry it', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5 })
      await c.put(producer, name, { sequence: 0, value: 'a', version: 12 })
      const next = await c.end(producer, true, 5)
      expect(next).toMatchObject({ errorCode: 0, producerId: producer.producerId })
      expect(next.producerEpoch).toBe(producer.producerEpoch + 1)
      const successor = { ...producer, producerEpoch: next.producerEpoch }
      const second = await c.put(successor, name, { sequence: 0, value: 'b', version: 12 })
      expect(second).toMatchObject({ errorCode: 0, baseOffset: 2n })
      const { records } = await c.read(name)
      expect(decodeBatches(records!)[1]?.header).toMatchObject({ isControl: true, producerEpoch: next.producerEpoch })
      expect(await c.put(producer, name, { sequence: 1, value: 'x', version: 12 })).toMatchObject({ errorCode: 47 })
      await c.end(successor, false, 5)
    })

    it('may be ended twice: the same again, the opposite not', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5 })
      await c.put(producer, name, { sequence: 0, value: 'a', version: 12 })
      const next = await c.end(producer, true, 5)
      const again = await settled(
        () => c.end(producer, true, 5),
        (answer) => answer.errorCode,
      )
      expect(again).toEqual(next)
      expect(await c.ended(producer, false, 5)).toBe(errorCode.INVALID_TXN_STATE)
    })

    it('that are empty can be aborted, for a new epoch, and not committed', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5 })
      await c.put(producer, name, { sequence: 0, value: 'a', version: 12 })
      const { producerEpoch } = await c.end(producer, false, 5)
      const idle = { ...producer, producerEpoch }
      expect(await c.ended(idle, true, 5)).toBe(errorCode.INVALID_TXN_STATE)
      const aborted = await settled(
        () => c.end(idle, false, 5),
        (answer) => answer.errorCode,
      )
      expect(aborted).toMatchObject({ errorCode: 0, producerEpoch: producerEpoch + 1 })
    })

    it('that time out fence their owner for Produce, and let it abort again but not commit', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5, timeoutMs: 100 })
      await c.put(producer, name, { sequence: 0, value: 'a', version: 12 })
      while ((await c.log(name)).length < 2) await Promise.resolve()
      expect(await c.log(name)).toEqual(['a', '<abort>'])
      expect(await c.put(producer, name, { sequence: 1, value: 'b', version: 12 })).toMatchObject({ errorCode: 47 })
      const again = await settled(
        () => c.end(producer, false, 5),
        (answer) => answer.errorCode,
      )
      expect(again).toMatchObject({ errorCode: 0, producerEpoch: producer.producerEpoch + 1 })
      expect(await c.ended(producer, true, 5)).toBe(errorCode.INVALID_TXN_STATE)
      const { transactionalId, producerEpoch } = producer
      expect(await c.init(transactionalId, { version: 5 })).toMatchObject({
        errorCode: 0,
        producerEpoch: producerEpoch + 2,
      })
    })

    it('end in a new epoch when another instance takes the id over', async () => {
      await using c = client()
      const { name } = await c.topic()
      const first = await c.producer({ version: 5 })
      await c.put(first, name, { sequence: 0, value: 'a', version: 12 })
      const second = await c.init(first.transactionalId, { version: 5 })
      expect(second).toMatchObject({ errorCode: 0, producerEpoch: first.producerEpoch + 2 })
      expect(await c.end(first, true, 5)).toMatchObject({ errorCode: 90 })
      expect(await c.put(first, name, { sequence: 1, value: 'b', version: 12 })).toMatchObject({ errorCode: 47 })
      expect(await c.commitOffset(first, { groupId: 'g', topic: name }, { version: 5 })).toBe(47)
    })

    it('refuse a producer that the partition does not know and that does not begin at sequence 0', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5 })
      const answer = await c.put(producer, name, { sequence: 3, value: 'a', version: 12 })
      expect(answer).toMatchObject({ errorCode: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
    })

    it('refuse an unannounced batch of the older frames with 120 (v11) and 48 (v9)', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer({ version: 5 })
      expect(await c.put(producer, name, { sequence: 0, value: 'a', version: 11 })).toMatchObject({ errorCode: 120 })
      expect(await c.put(producer, name, { sequence: 0, value: 'a', version: 9 })).toMatchObject({ errorCode: 48 })
    })
  })
}
