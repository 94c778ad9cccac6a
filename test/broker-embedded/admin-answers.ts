/** What real brokers answer to administration and to bad requests, as a suite for any broker. */
import type { Transport } from '@millrace/core/port'
import {
  alterConfigs,
  createPartitions,
  createTopics,
  deleteGroups,
  deleteRecords,
  deleteTopics,
  describeConfigs,
  describeGroups,
  errorCode,
  incrementalAlterConfigs,
  initProducerId,
  joinGroup,
  listGroups,
  metadata,
  offsetCommit,
  offsetDelete,
  offsetFetch,
  offsetForLeaderEpoch,
} from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { batchOf, bytes, RawClient, settled, subscriptionTo, zeroId } from './raw-client.ts'

const topicResource = 2

/** @param open a new transport to the broker under test */
export function adminAnswers(open: () => Transport, release: '3.9' | '4.x'): void {
  const client = (): RawClient => new RawClient(open())

  describe('CreateTopics', () => {
    const create = async (
      c: RawClient,
      topic: { name: string; numPartitions?: number; replicationFactor?: number; configs?: object[] },
      validateOnly = false,
    ): Promise<{ errorCode: number; numPartitions: number }> => {
      const topics = [{ numPartitions: 1, replicationFactor: 1, ...topic }]
      const answer = await c.ask(createTopics, 5, { topics, timeoutMs: 5000, validateOnly })
      return answer.topics[0] as { errorCode: number; numPartitions: number }
    }

    it('names what is wrong', async () => {
      await using c = client()
      const { name } = await c.topic()
      const fresh = `${name}-x`
      const cases: [object, number][] = [
        [{ name: 'a/b' }, errorCode.INVALID_TOPIC_EXCEPTION],
        [{ name: '' }, errorCode.INVALID_TOPIC_EXCEPTION],
        [{ name: '..' }, errorCode.INVALID_TOPIC_EXCEPTION],
        [{ name: 'x'.repeat(250) }, errorCode.INVALID_TOPIC_EXCEPTION],
        [{ name }, errorCode.TOPIC_ALREADY_EXISTS],
        [{ name: fresh, numPartitions: 0 }, errorCode.INVALID_PARTITIONS],
        [{ name: fresh, numPartitions: -2 }, errorCode.INVALID_PARTITIONS],
        [{ name: fresh, replicationFactor: 0 }, errorCode.INVALID_REPLICATION_FACTOR],
        [{ name: fresh, replicationFactor: 30 }, errorCode.INVALID_REPLICATION_FACTOR],
        [{ name: fresh, configs: [{ name: 'no.such.setting', value: '1' }] }, errorCode.INVALID_CONFIG],
        [{ name: fresh, configs: [{ name: 'retention.ms', value: 'soon' }] }, errorCode.INVALID_CONFIG],
        [{ name: fresh, configs: [{ name: 'cleanup.policy', value: 'shred' }] }, errorCode.INVALID_CONFIG],
      ]
      for (const [topic, code] of cases) {
        expect([topic, (await create(c, topic as { name: string })).errorCode]).toEqual([topic, code])
      }
    })

    it('only checks when told so, and takes the default for −1', async () => {
      await using c = client()
      const name = `t-${crypto.randomUUID()}`
      expect(await create(c, { name }, true)).toMatchObject({ errorCode: 0 })
      const known = await c.ask(metadata, 8, { topics: [{ name }], allowAutoTopicCreation: false })
      expect(known.topics[0]?.errorCode).toBe(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
      expect(await create(c, { name, numPartitions: -1, replicationFactor: -1 })).toMatchObject({ errorCode: 0 })
      await c.ask(deleteTopics, 3, { topicNames: [name], timeoutMs: 5000 })
    })
  })

  describe('topics', () => {
    it('cannot be narrowed, nor deleted twice, nor found by a wrong id', async () => {
      await using c = client()
      const { name } = await c.topic(2)
      const widen = async (count: number, topic = name): Promise<number | undefined> => {
        const answer = await c.ask(createPartitions, 1, {
          topics: [{ name: topic, count, assignments: null }],
          timeoutMs: 5000,
        })
        return answer.results[0]?.errorCode
      }
      expect(await widen(1)).toBe(errorCode.INVALID_PARTITIONS)
      expect(await widen(2)).toBe(errorCode.INVALID_PARTITIONS)
      expect(await widen(3)).toBe(0)
      expect(await widen(3, 'no-such-topic')).toBe(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
      const remove = async (): Promise<number | undefined> =>
        (await c.ask(deleteTopics, 3, { topicNames: [name], timeoutMs: 5000 })).responses[0]?.errorCode
      expect(await remove()).toBe(0)
      expect(await remove()).toBe(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
      const topics = [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }]
      const byId = await c.ask(metadata, 12, { topics, allowAutoTopicCreation: false })
      expect(byId.topics[0]?.errorCode).toBe(errorCode.UNKNOWN_TOPIC_ID)
    })

    it('lose records by DeleteRecords only where the policy is delete, and only existing ones', async () => {
      await using c = client()
      const plain = await c.topic()
      const compacted = await c.topic(1, { 'cleanup.policy': 'compact' })
      const cut = async (name: string, offset: bigint): Promise<number | undefined> => {
        const answer = await c.ask(deleteRecords, 1, {
          topics: [{ name, partitions: [{ partitionIndex: 0, offset }] }],
          timeoutMs: 5000,
        })
        return answer.topics[0]?.partitions[0]?.errorCode
      }
      await c.write(plain.name, batchOf(['a', 'b']))
      await c.write(compacted.name, batchOf(['a', 'b']))
      expect(await cut(plain.name, 9n)).toBe(errorCode.OFFSET_OUT_OF_RANGE)
      expect(await cut(plain.name, -1n)).toBe(0)
      expect(await c.read(plain.name, { offset: 2 })).toMatchObject({ errorCode: 0, logStartOffset: 2n })
      expect(await cut(compacted.name, 1n)).toBe(errorCode.POLICY_VIOLATION)
    })

    it('answer by leader epoch', async () => {
      await using c = client()
      const { name } = await c.topic()
      await c.write(name, batchOf(['a', 'b']))
      const ask = async (leaderEpoch: number): Promise<object | undefined> => {
        const partitions = [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }]
        return (await c.ask(offsetForLeaderEpoch, 3, { replicaId: -2, topics: [{ topic: name, partitions }] }))
          .topics[0]?.partitions[0]
      }
      expect(await ask(0)).toMatchObject({ errorCode: 0, leaderEpoch: 0, endOffset: 2n })
      expect(await ask(5)).toMatchObject({ errorCode: 0, leaderEpoch: -1, endOffset: -1n })
    })
  })

  describe('configs', () => {
    const describeTopic = async (
      c: RawClient,
      name: string,
    ): Promise<{ errorCode: number; values: Record<string, string | null>; sources: Record<string, number> }> => {
      const resources = [{ resourceType: topicResource, resourceName: name, configurationKeys: null }]
      const [result] = (await c.ask(describeConfigs, 3, { resources })).results
      const configs = result?.configs ?? []
      return {
        errorCode: result?.errorCode ?? -99,
        values: Object.fromEntries(configs.map((config) => [config.name, config.value])),
        sources: Object.fromEntries(configs.map((config) => [config.name, config.configSource])),
      }
    }

    it('have the defaults of the release', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'retention.ms': '1000' })
      const { values, sources } = await describeTopic(c, name)
      expect(values).toMatchObject({
        'cleanup.policy': 'delete',
        'compression.type': 'producer',
        'delete.retention.ms': '86400000',
        'max.message.bytes': '1048588',
        'message.timestamp.type': 'CreateTime',
        'message.timestamp.after.max.ms': release === '3.9' ? '9223372036854775807' : '3600000',
        'min.cleanable.dirty.ratio': '0.5',
        'min.compaction.lag.ms': '0',
        'retention.bytes': '-1',
        'retention.ms': '1000',
        'segment.bytes': '1073741824',
        'segment.ms': '604800000',
      })
      expect(sources['retention.ms']).toBe(1)
      expect((await describeTopic(c, 'no-such-topic')).errorCode).toBe(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
    })

    it('are set, deleted, appended to and subtracted from one by one', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'retention.ms': '1000' })
      const change = async (
        setting: string,
        configOperation: number,
        value: string | null,
      ): Promise<number | undefined> => {
        const configs = [{ name: setting, configOperation, value }]
        const resources = [{ resourceType: topicResource, resourceName: name, configs }]
        return (await c.ask(incrementalAlterConfigs, 0, { resources, validateOnly: false })).responses[0]?.errorCode
      }
      const settledValue = async (setting: string, value: string): Promise<void> => {
        await settled(
          () => describeTopic(c, name),
          ({ values }) => (values[setting] === value ? 0 : errorCode.NOT_COORDINATOR),
        )
        expect((await describeTopic(c, name)).values[setting]).toBe(value)
      }
      expect(await change('retention.ms', 0, '5000')).toBe(0)
      await settledValue('retention.ms', '5000')
      expect(await change('cleanup.policy', 2, 'compact')).toBe(0)
      await settledValue('cleanup.policy', 'delete,compact')
      expect(await change('cleanup.policy', 3, 'delete')).toBe(0)
      await settledValue('cleanup.policy', 'compact')
      expect(await change('retention.ms', 1, null)).toBe(0)
      await settledValue('retention.ms', '604800000')
      expect(await change('retention.ms', 2, '5')).toBe(errorCode.INVALID_CONFIG)
      expect(await change('no.such.setting', 0, '5')).toBe(errorCode.INVALID_CONFIG)
      expect(await change('segment.ms', 0, 'x')).toBe(errorCode.INVALID_CONFIG)
    })

    it('are replaced as a whole by the older request', async () => {
      await using c = client()
      const { name } = await c.topic(1, { 'retention.ms': '1000' })
      const configs = [{ name: 'segment.ms', value: '7000' }]
      const resources = [{ resourceType: topicResource, resourceName: name, configs }]
      expect((await c.ask(alterConfigs, 1, { resources, validateOnly: false })).responses[0]?.errorCode).toBe(0)
      const { values } = await settled(
        () => describeTopic(c, name),
        (answer) => (answer.values['segment.ms'] === '7000' ? 0 : errorCode.NOT_COORDINATOR),
      )
      expect(values).toMatchObject({ 'segment.ms': '7000', 'retention.ms': '604800000' })
    })
  })

  describe('groups', () => {
    it('that do not exist are dead, or not found', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const described = await settled(
        () => c.ask(describeGroups, 4, { groups: [groupId] }),
        (answer) => answer.groups[0]?.errorCode ?? 0,
      )
      expect(described.groups[0]).toMatchObject({ errorCode: 0, groupState: 'Dead', members: [] })
      if (release === '4.x') {
        const newer = await c.ask(describeGroups, 6, { groups: [groupId] })
        expect(newer.groups[0]).toMatchObject({ errorCode: errorCode.GROUP_ID_NOT_FOUND, groupState: 'Dead' })
      }
      const deleted = await c.ask(deleteGroups, 1, { groupsNames: [groupId] })
      expect(deleted.results[0]?.errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
      const offsets = await c.ask(offsetDelete, 0, { groupId, topics: [] })
      expect(offsets.errorCode).toBe(errorCode.GROUP_ID_NOT_FOUND)
    })

    it('with members are described, listed and not deleted', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const { memberId } = await c.soleMember(groupId)
      const described = await c.ask(describeGroups, 4, { groups: [groupId] })
      expect(described.groups[0]).toMatchObject({
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
      })
      expect(described.groups[0]?.members[0]?.memberId).toBe(memberId)
      const listed = await c.ask(listGroups, 4, { statesFilter: ['Stable'] })
      expect(listed.groups.find((group) => group.groupId === groupId)).toMatchObject({ groupState: 'Stable' })
      const deleted = await c.ask(deleteGroups, 1, { groupsNames: [groupId] })
      expect(deleted.results[0]?.errorCode).toBe(errorCode.NON_EMPTY_GROUP)
    })

    it('refuse impossible joins', async () => {
      await using c = client()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      await c.soleMember(groupId)
      const join = async (of: object): Promise<number> =>
        (
          await c.ask(joinGroup, 5, {
            groupId,
            sessionTimeoutMs: 10_000,
            rebalanceTimeoutMs: 10_000,
            memberId: '',
            groupInstanceId: null,
            protocolType: 'consumer',
            protocols: [{ name: 'range', metadata: subscriptionTo('t') }],
            ...of,
          })
        ).errorCode
      expect(await join({ groupId: '' })).toBe(errorCode.INVALID_GROUP_ID)
      expect(await join({ sessionTimeoutMs: 1 })).toBe(errorCode.INVALID_SESSION_TIMEOUT)
      expect(await join({ protocolType: 'connect' })).toBe(errorCode.INCONSISTENT_GROUP_PROTOCOL)
      const other = [{ name: 'sticky', metadata: bytes('') }]
      expect(await join({ protocols: other })).toBe(errorCode.INCONSISTENT_GROUP_PROTOCOL)
      expect(await join({ memberId: 'stranger' })).toBe(errorCode.UNKNOWN_MEMBER_ID)
    })

    it('take offsets of existing partitions from whoever names no generation, while they are empty', async () => {
      await using c = client()
      const { name } = await c.topic()
      const groupId = `g-${crypto.randomUUID()}`
      await c.coordinator(groupId, 0)
      const commit = async (topic: string, metadata = '', generation = -1): Promise<number | undefined> => {
        const partitions = [{ partitionIndex: 0, committedOffset: 4n, committedMetadata: metadata }]
        const claim = { generationIdOrMemberEpoch: generation, memberId: '', groupInstanceId: null }
        const answer = await c.ask(offsetCommit, 7, { groupId, ...claim, topics: [{ name: topic, partitions }] })
        return answer.topics[0]?.partitions[0]?.errorCode
      }
      expect(await commit(name, '', 3)).toBe(errorCode.ILLEGAL_GENERATION)
      expect(await commit(name, 'note')).toBe(0)
      expect(await commit('no-such-topic')).toBe(errorCode.UNKNOWN_TOPIC_OR_PARTITION)
      expect(await commit(name, 'x'.repeat(5000))).toBe(errorCode.OFFSET_METADATA_TOO_LARGE)
      const all = await c.ask(offsetFetch, 7, { groupId, topics: null, requireStable: true })
      expect(all.topics).toMatchObject([
        { name, partitions: [{ committedOffset: 4n, metadata: 'note', errorCode: 0 }] },
      ])
      const missing = await c.ask(offsetFetch, 7, { groupId, topics: [{ name, partitionIndexes: [7] }] })
      expect(missing.topics[0]?.partitions[0]).toMatchObject({ committedOffset: -1n, errorCode: 0, metadata: '' })
    })
  })

  describe('producers', () => {
    it('refuse impossible timeouts and an empty id', async () => {
      await using c = client()
      const transactionalId = `x-${crypto.randomUUID()}`
      await c.coordinator(transactionalId, 1)
      const init = async (id: string, transactionTimeoutMs: number): Promise<number> =>
        (await c.ask(initProducerId, 1, { transactionalId: id, transactionTimeoutMs })).errorCode
      expect(await init(transactionalId, 0)).toBe(errorCode.INVALID_TRANSACTION_TIMEOUT)
      expect(await init(transactionalId, 2_000_000_000)).toBe(errorCode.INVALID_TRANSACTION_TIMEOUT)
      expect(await init('', 1000)).toBe(errorCode.INVALID_REQUEST)
    })
  })

  it('an unknown topic is unknown by name, in Metadata', async () => {
    await using c = client()
    const topics = [{ name: 'no-such-topic', topicId: zeroId }]
    const answer = await c.ask(metadata, 10, { topics, allowAutoTopicCreation: false })
    expect(answer.topics[0]).toMatchObject({ errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION, partitions: [] })
  })
}
