/** What real brokers answer to Produce, Fetch, ListOffsets and to groups, as a suite for any broker. */
import type { Transport } from '@millrace/core/port'
import {
  createTopics,
  decodeBatches,
  deleteRecords,
  deleteTopics,
  errorCode,
  heartbeat,
  joinGroup,
  leaveGroup,
  listOffsets,
  offsetCommit,
  offsetDelete,
  RecordBatchBuilder,
  syncGroup,
} from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { batchOf, bytes, RawClient, settled, subscriptionTo } from './raw-client.ts'

/** @param open a new transport to the broker under test */
export function logAnswers(open: () => Transport, release: '3.9' | '4.x'): void {
  const client = (): RawClient => new RawClient(open())
  const newest = release === '4.x'

  describe('Produce', () => {
    it.each(newest ? [7, 8, 9, 11, 12] : [7, 8, 9, 11])('takes a batch (v%i)', async (version) => {
      await using c = client()
      const { name } = await c.topic()
      expect(await c.write(name, batchOf(['a', 'b']), { version })).toMatchObject({ errorCode: 0, baseOffset: 0n })
      expect(await c.write(name, batchOf(['c']), { version })).toMatchObject({ errorCode: 0, baseOffset: 2n })
    })

    it.runIf(newest)('takes topic ids (v13), and knows no others', async () => {
      await using c = client()
      const { id } = await c.topic()
      expect(await c.write('', batchOf(['a']), { version: 13, topicId: id })).toMatchObject({ errorCode: 0 })
      const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'
      const answer = await c.write('', batchOf(['a']), { version: 13, topicId })
      expect(answer.errorCode).toBe(errorCode.UNKNOWN_TOPIC_ID)
    })

    it('refuses a wrong CRC, an unknown topic, an impossible acks', async () => {
      await using c = client()
      const { name } = await c.topic()
      const damaged = batchOf(['a'])
      damaged[damaged.length - 2]! ^= 1
      expect(await c.write(name, damaged)).toMatchObject({ errorCode: errorCode.CORRUPT_MESSAGE })
      const unknown = await c.write('there-is-no-such-topic', batchOf(['a']))
      expect(unknown).toMatchObject({ errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION })
      const impossible = await c.write(name, batchOf(['a']), { acks: 2 })
      expect(impossible).toMatchObject({ errorCode: errorCode.INVALID_REQUIRED_ACKS })
    })

    it('refuses a batch above max.message.bytes, and one whose base offset is not 0', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'max.message.bytes': '200' })
      const large = await c.write(name, batchOf(['x'.repeat(300)]))
      expect(large).toMatchObject({ errorCode: errorCode.MESSAGE_TOO_LARGE })
      const moved = await c.write(name, batchOf(['a'], { baseOffset: 5 }))
      expect(moved).toMatchObject({ errorCode: errorCode.INVALID_RECORD })
    })

    it('refuses two batches in one request', async () => {
      await using c = client()
      const { name } = await c.topic()
      const one = batchOf(['a'])
      const two = new Uint8Array([...one, ...one])
      expect(await c.write(name, two)).toMatchObject({ errorCode: errorCode.INVALID_RECORD })
    })

    it('refuses a record without a key in a compacted topic', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'cleanup.policy': 'compact' })
      const builder = new RecordBatchBuilder()
      builder.append(null, bytes('v'), Date.now())
      expect(await c.write(name, builder.build())).toMatchObject({ errorCode: errorCode.INVALID_RECORD })
    })

    it('recognises repeats of idempotent batches, gaps, and old epochs', async () => {
      await using c = client()
      const { name } = await c.topic()
      const transactionalId = `id-${crypto.randomUUID()}`
      await c.coordinator(transactionalId, 1)
      const { producerId } = await c.init(transactionalId)
      const plain = (sequence: number, epoch: number): Uint8Array =>
        batchOf(['x'], { producerId, producerEpoch: epoch, baseSequence: sequence })
      expect(await c.write(name, plain(0, 1))).toMatchObject({ errorCode: 0, baseOffset: 0n })
      expect(await c.write(name, plain(1, 1))).toMatchObject({ errorCode: 0, baseOffset: 1n })
      expect(await c.write(name, plain(0, 1))).toMatchObject({ errorCode: 0, baseOffset: 0n })
      const gap = await c.write(name, plain(3, 1))
      expect(gap).toMatchObject({ errorCode: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
      const fenced = await c.write(name, plain(2, 0))
      expect(fenced).toMatchObject({ errorCode: errorCode.INVALID_PRODUCER_EPOCH })
      const bumpedInside = await c.write(name, plain(2, 2))
      expect(bumpedInside).toMatchObject({ errorCode: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
      expect(await c.write(name, plain(0, 2))).toMatchObject({ errorCode: 0, baseOffset: 2n })
    })

    it('stamps records on arrival when the topic says so', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'message.timestamp.type': 'LogAppendTime' })
      await c.write(name, batchOf(['a'], {}, 5))
      const { records } = await c.read(name)
      const view = new DataView(records!.buffer, records!.byteOffset)
      expect(view.getInt16(21) & 8).toBe(8)
      expect(Number(view.getBigInt64(35))).toBeGreaterThan(1_700_000_000_000)
      expect(decodeBatches(records!)[0]?.timestampAt(0)).toBe(Number(view.getBigInt64(35)))
    })
  })

  describe('Fetch', () => {
    it.each(newest ? [11, 12, 13, 14, 15, 16, 17, 18] : [11, 12, 13, 14, 15, 16, 17])(
      'gives the records (v%i)',
      async (version) => {
        await using c = client()
        const { name, id } = await c.topic()
        const batch = batchOf(['a', 'b'])
        await c.write(name, batch)
        const answer = await c.read(name, { version, topicId: id })
        expect(answer).toMatchObject({ errorCode: 0, highWatermark: 2n, lastStableOffset: 2n, logStartOffset: 0n })
        expect(answer.records?.subarray(16)).toEqual(batch.subarray(16))
        expect(answer.abortedTransactions).toBe(null)
      },
    )

    it('answers 1 past the end and below the start of the log', async () => {
      await using c = client()
      const { name } = await c.topic()
      for (const value of ['a', 'b', 'c']) await c.write(name, batchOf([value]))
      expect(await c.read(name, { offset: 4 })).toMatchObject({ errorCode: errorCode.OFFSET_OUT_OF_RANGE })
      expect(await c.read(name, { offset: 3 })).toMatchObject({ errorCode: 0 })
      const partitions = [{ partitionIndex: 0, offset: 2n }]
      const deleted = await c.ask(deleteRecords, 1, { topics: [{ name, partitions }], timeoutMs: 5000 })
      expect(deleted.topics[0]?.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2n })
      expect(await c.read(name, { offset: 1 })).toMatchObject({ errorCode: errorCode.OFFSET_OUT_OF_RANGE })
      expect(await c.read(name, { offset: 2 })).toMatchObject({ errorCode: 0, logStartOffset: 2n })
    })

    it('gives the whole first batch however small the limit, and cuts later ones', async () => {
      await using c = client()
      const { name } = await c.topic()
      const batch = batchOf(['a'])
      for (let i = 0; i < 3; i++) await c.write(name, batchOf(['a']))
      expect((await c.read(name, { bytesMax: 10 })).records?.length).toBe(batch.length)
      expect((await c.read(name, { bytesMax: batch.length + 10 })).records?.length).toBe(batch.length + 10)
      expect((await c.read(name, { bytesMax: batch.length * 9 })).records?.length).toBe(batch.length * 3)
    })

    it('waits at the end of the log until a record comes', async () => {
      await using reader = client()
      await using writer = client()
      const { name } = await writer.topic()
      const waiting = reader.read(name, { waitMs: 20_000 })
      await writer.write(name, batchOf(['late']))
      expect((await waiting).records?.length).toBeGreaterThan(0)
      expect((await reader.read(name, { offset: 1, waitMs: 30 })).records?.length ?? 0).toBe(0)
    })

    it('refuses leader epochs that are too new', async () => {
      await using c = client()
      const { name } = await c.topic()
      expect(await c.read(name, { epoch: 0 })).toMatchObject({ errorCode: 0 })
      expect(await c.read(name, { epoch: 7 })).toMatchObject({ errorCode: errorCode.UNKNOWN_LEADER_EPOCH })
    })

    it('does not notice by name that a topic was created anew, and does by id', async () => {
      await using c = client()
      const { name, id } = await c.topic()
      for (let i = 0; i < 3; i++) await c.write(name, batchOf(['old']))
      await c.ask(deleteTopics, 3, { topicNames: [name], timeoutMs: 5000 })
      await settled(
        () => c.ask(createTopics, 4, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }], timeoutMs: 5000 }),
        (answer) => (answer.topics[0]?.errorCode === errorCode.TOPIC_ALREADY_EXISTS ? errorCode.NOT_COORDINATOR : 0),
      )
      await c.topicNamed(name)
      for (let i = 0; i < 8; i++)
        await settled(
          () => c.write(name, batchOf(['new'])),
          (answer) => answer.errorCode,
        )
      const byName = await c.read(name, { offset: 3, version: 11 })
      expect(byName).toMatchObject({ errorCode: 0, highWatermark: 8n })
      expect(await c.read(name, { offset: 3, version: 13, topicId: id })).toMatchObject({
        errorCode: errorCode.UNKNOWN_TOPIC_ID,
      })
    })
  })

  describe('ListOffsets', () => {
    it('finds the ends, a time, and the greatest time', async () => {
      await using c = client()
      const { name } = await c.topic()
      for (const time of [1000, 3000, 2000]) await c.write(name, batchOf(['a', 'b'], {}, time))
      const find = async (timestamp: bigint, version = 7): Promise<object | undefined> => {
        const topics = [{ name, partitions: [{ partitionIndex: 0, timestamp, currentLeaderEpoch: -1 }] }]
        const answer = await c.ask(listOffsets, version, { replicaId: -1, isolationLevel: 0, topics })
        return answer.topics[0]?.partitions[0]
      }
      for (const version of [4, 5, 6, 7]) {
        expect(await find(-1n, version)).toMatchObject({ errorCode: 0, offset: 6n })
        expect(await find(-2n, version)).toMatchObject({ errorCode: 0, offset: 0n })
      }
      expect(await find(-3n)).toMatchObject({ offset: 3n, timestamp: 3001n })
      expect(await find(1001n)).toMatchObject({ offset: 1n, timestamp: 1001n })
      expect(await find(1500n)).toMatchObject({ offset: 2n, timestamp: 3000n })
      expect(await find(9000n)).toMatchObject({ offset: -1n, timestamp: -1n })
    })
  })

  describe('a classic group', () => {
    it('asks a dynamic member to come back with an id, a static one not', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      expect(await c.join(groupId)).toMatchObject({ errorCode: errorCode.MEMBER_ID_REQUIRED, memberId: /./ })
      const joined = await c.join(`${groupId}-static`, { instanceId: 'one' })
      expect(joined).toMatchObject({ errorCode: 0, leader: joined.memberId })
    })

    it('parks the second member until the first has joined again', async () => {
      await using first = client()
      await using second = client()
      const groupId = `g-${crypto.randomUUID()}`
      await first.coordinator(groupId, 0)
      const { memberId, generationId } = await first.soleMember(groupId)
      const other = (await second.join(groupId)).memberId
      const parked = second.join(groupId, { memberId: other })
      const beat = async (): Promise<number> =>
        (await first.ask(heartbeat, 3, { groupId, generationId, memberId, groupInstanceId: null })).errorCode
      while ((await beat()) === 0) await Promise.resolve()
      expect(await beat()).toBe(errorCode.REBALANCE_IN_PROGRESS)
      const again = await first.join(groupId, { memberId })
      const answer = await parked
      expect(answer.errorCode).toBe(0)
      expect(answer.generationId).toBe(generationId + 1)
      expect(again.generationId).toBe(generationId + 1)
      expect([...again.members, ...answer.members]).toHaveLength(2)
    })

    it('gives a restarted static member its generation back, under a new id and not as leader', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const before = await c.join(groupId, { instanceId: 'one' })
      const { memberId, generationId } = before
      const assignments = [{ memberId, assignment: bytes('mine') }]
      await c.ask(syncGroup, 3, { groupId, generationId, memberId, groupInstanceId: 'one', assignments })
      const after = await c.join(groupId, { instanceId: 'one' })
      expect(after).toMatchObject({ errorCode: 0, generationId })
      expect(after.memberId).not.toBe(memberId)
      expect(after.leader).not.toBe(after.memberId)
      const stale = await c.ask(heartbeat, 3, { groupId, generationId, memberId, groupInstanceId: 'one' })
      expect(stale.errorCode).toBe(errorCode.FENCED_INSTANCE_ID)
      const synced = await c.ask(syncGroup, 3, {
        groupId,
        generationId,
        memberId: after.memberId,
        groupInstanceId: 'one',
        assignments: [],
      })
      expect(synced).toMatchObject({ errorCode: 0, assignment: bytes('mine') })
    })

    it('refuses commits of wrong generations and of strangers', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const { memberId, generationId } = await c.soleMember(groupId)
      const commit = async (generation: number, member: string): Promise<number | undefined> => {
        const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }]
        const answer = await c.ask(offsetCommit, 7, {
          groupId,
          generationIdOrMemberEpoch: generation,
          memberId: member,
          groupInstanceId: null,
          topics: [{ name, partitions }],
        })
        return answer.topics[0]?.partitions[0]?.errorCode
      }
      expect(await commit(generationId + 1, memberId)).toBe(errorCode.ILLEGAL_GENERATION)
      expect(await commit(-1, '')).toBe(errorCode.UNKNOWN_MEMBER_ID)
      expect(await commit(generationId, memberId)).toBe(0)
      const beat = { groupId, generationId: generationId + 1, memberId, groupInstanceId: null }
      expect((await c.ask(heartbeat, 3, beat)).errorCode).toBe(errorCode.ILLEGAL_GENERATION)
    })

    it('lets a member leave by its instance id alone', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      await c.join(groupId, { instanceId: 'one' })
      const left = await c.ask(leaveGroup, 3, { groupId, members: [{ memberId: '', groupInstanceId: 'one' }] })
      expect(left).toMatchObject({ errorCode: 0, members: [{ errorCode: 0 }] })
    })

    it('keeps offsets of topics that it subscribes to from being deleted', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const join = async (memberId: string): Promise<{ memberId: string; generationId: number }> =>
        c.ask(joinGroup, 5, {
          groupId,
          sessionTimeoutMs: 10_000,
          rebalanceTimeoutMs: 10_000,
          memberId,
          groupInstanceId: null,
          protocolType: 'consumer',
          protocols: [{ name: 'range', metadata: subscriptionTo(name) }],
        })
      const { memberId, generationId } = await join((await join('')).memberId)
      await c.ask(syncGroup, 3, { groupId, generationId, memberId, groupInstanceId: null, assignments: [] })
      const topics = [{ name, partitions: [{ partitionIndex: 0 }] }]
      const answer = await c.ask(offsetDelete, 0, { groupId, topics })
      expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(errorCode.GROUP_SUBSCRIBED_TO_TOPIC)
    })
  })
}
