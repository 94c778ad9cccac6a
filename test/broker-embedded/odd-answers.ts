/** What real brokers answer to requests that no good client sends, as a suite for any broker. */
import type { Transport } from '@millrace/core/port'
import { addPartitionsToTxn, initProducerId } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { batchOf, bytes, settled } from './raw-client.ts'
import { type Producer, TransactionClient } from './transaction-answers.ts'

/** A batch with some of its bytes overwritten; the CRC is not made right. */
function spoilt(at: number, ...values: readonly number[]): Uint8Array {
  const batch = batchOf(['a'])
  batch.set(values, at)
  return batch
}

const transactional = ({ producerId, producerEpoch }: Producer, baseSequence: number): Uint8Array =>
  batchOf(['v'], { producerId, producerEpoch, baseSequence, isTransactional: true })

/** @param open a new transport to the broker under test */
export function oddAnswers(open: () => Transport, release: '3.9' | '4.x'): void {
  const client = (): TransactionClient => new TransactionClient(open())

  describe('odd requests', () => {
    it('InitProducerId refuses a producer id without an epoch, and the other way round, with 42', async () => {
      await using c = client()
      const { transactionalId, producerId, producerEpoch } = await c.producer()
      const code = async (id: string | null, claim: { producerId: bigint; producerEpoch: number }): Promise<number> =>
        (await c.ask(initProducerId, 3, { transactionalId: id, transactionTimeoutMs: 5_000, ...claim })).errorCode
      for (const id of [transactionalId, null]) {
        expect(await code(id, { producerId, producerEpoch: -1 })).toBe(42)
        expect(await code(id, { producerId: -1n, producerEpoch })).toBe(42)
      }
    })

    it("AddPartitionsToTxn refuses the broker's own topics with 29, and does not try the others", async () => {
      await using c = client()
      const { name } = await c.topic()
      const { transactionalId, producerId, producerEpoch } = await c.producer()
      const own = ['__consumer_offsets', '__transaction_state']
      const answer = await c.ask(addPartitionsToTxn, 3, {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [...own, name].map((topic) => ({ name: topic, partitions: [0] })),
      })
      const codes = answer.resultsByTopicV3AndBelow.map((topic): [string, number | undefined] => [
        topic.name,
        topic.resultsByPartition[0]?.partitionErrorCode,
      ])
      expect(Object.fromEntries(codes)).toEqual({ __consumer_offsets: 29, __transaction_state: 29, [name]: 55 })
    })

    it('TxnOffsetCommit refuses an empty group id with 24', async () => {
      await using c = client()
      const { name } = await c.topic()
      await c.coordinator('', 0)
      const producer = await c.producer()
      await settled(
        () => c.addOffsets(producer, ''),
        (code) => code,
      )
      expect(await c.commitOffset(producer, { groupId: '', topic: name })).toBe(24)
    })

    it.each([
      ['bytes that are no batch', bytes('garbage'.repeat(10)), 2],
      ['a batch of a later format', spoilt(16, 3), 2],
      ['a batch of an earlier format', spoilt(16, 1), 87],
      ['a batch that is longer than the request', spoilt(8, 0, 0, 1, 0), 87],
      ['a batch that is shorter than any', spoilt(8, 0, 0, 0, 9), 2],
      ['a wrong checksum', spoilt(17, 1, 2, 3, 4), 2],
      ['a few bytes', bytes('few'), 87],
    ])('Produce refuses %s', async (_, batch, code) => {
      await using c = client()
      const { name } = await c.topic()
      expect(await c.write(name, batch)).toMatchObject({ errorCode: code })
    })

    it('Produce writes a transactional batch of no producer, which belongs to no transaction', async () => {
      await using c = client()
      const { name } = await c.topic()
      const { transactionalId } = await c.producer()
      const batch = batchOf(['alone'], { isTransactional: true })
      expect(await c.write(name, batch, { transactionalId })).toMatchObject({ errorCode: 0, baseOffset: 0n })
      const { records, lastStableOffset } = await c.read(name, { committed: true })
      expect(lastStableOffset).toBe(1n)
      expect(records?.length).toBeGreaterThan(0)
      expect(await c.log(name)).toEqual(['alone'])
    })

    // 3.9 does not ask while any transaction of the producer is open, and writes the batch of the newer epoch
    it.runIf(release === '4.x')(
      'Produce holds back what follows a batch that the coordinator has refused, until the transaction ends',
      async () => {
        await using c = client()
        const { name } = await c.topic()
        const producer = await c.producer()
        const put = async (batch: Uint8Array): Promise<number> =>
          (await c.write(name, batch, { transactionalId: producer.transactionalId })).errorCode
        await c.added(producer, name)
        expect(await put(transactional(producer, 0))).toBe(0)
        const newer = { ...producer, producerEpoch: producer.producerEpoch + 1 }
        expect(await put(transactional(newer, 0))).toBe(47)
        expect(await put(transactional(producer, 1))).toBe(45)
        expect(await c.ended(producer, true)).toBe(0)
        await c.added(producer, name)
        expect(await put(transactional(producer, 1))).toBe(0)
        expect(await c.ended(producer, false)).toBe(0)
      },
    )

    it('Produce writes no batch of a transaction before the one that was sent back', async () => {
      await using c = client()
      const { name } = await c.topic()
      const producer = await c.producer()
      const { transactionalId } = producer
      expect(await c.write(name, transactional(producer, 0), { transactionalId })).toMatchObject({ errorCode: 48 })
      await c.added(producer, name)
      expect(await c.write(name, transactional(producer, 1), { transactionalId })).toMatchObject({ errorCode: 45 })
      expect(await c.write(name, transactional(producer, 0), { transactionalId })).toMatchObject({ errorCode: 0 })
      expect(await c.write(name, transactional(producer, 1), { transactionalId })).toMatchObject({ errorCode: 0 })
      expect(await c.ended(producer, false)).toBe(0)
    })
  })
}
