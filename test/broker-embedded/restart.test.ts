/**
 * Goal: what a broker with a directory has acknowledged is there after it was killed.
 * Method: a broker is left without being closed (nothing is flushed, as after kill −9), sometimes with a torn tail, and
 * another one starts on its directory.
 */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedBroker } from '@millrace/broker'
import { stateOf } from '@millrace/broker/internal'
import {
  addPartitionsToTxn,
  createPartitions,
  deleteRecords,
  deleteTopics,
  endTxn,
  errorCode,
  incrementalAlterConfigs,
  describeConfigs,
  offsetCommit,
  offsetFetch,
} from '@millrace/protocol/internal'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, RawClient, settled } from './raw-client.ts'

let directory: string
const brokers: EmbeddedBroker[] = []

/** A broker on the directory; those before it are as good as dead. */
async function started(): Promise<RawClient> {
  // the broker before is left as if its process were gone
  rmSync(join(directory, '.lock'), { force: true })
  const broker = await EmbeddedBroker.start({ directory })
  brokers.push(broker)
  return new RawClient(broker.transport())
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'broker-'))
})
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('a broker that starts on the directory of one that was killed', () => {
  it('has its topics, their ids, settings, records and ends', async () => {
    const before = await started()
    const kept = await before.topicNamed('kept', 2, { 'retention.ms': '123' })
    await before.topicNamed('gone')
    await before.write('kept', batchOf(['a', 'b']))
    await before.ask(createPartitions, 1, { topics: [{ name: 'kept', count: 5, assignments: null }], timeoutMs: 1000 })
    const configs = [{ name: 'segment.ms', configOperation: 0, value: '777' }]
    const resources = [{ resourceType: 2, resourceName: 'kept', configs }]
    await before.ask(incrementalAlterConfigs, 0, { resources })
    await before.ask(deleteTopics, 3, { topicNames: ['gone'], timeoutMs: 1000 })
    await before.ask(deleteRecords, 1, {
      topics: [{ name: 'kept', partitions: [{ partitionIndex: 0, offset: 1n }] }],
      timeoutMs: 1000,
    })

    const after = await started()
    expect(await after.read('kept', { offset: 1, topicId: kept.id, version: 13 })).toMatchObject({
      errorCode: 0,
      highWatermark: 2n,
      logStartOffset: 1n,
    })
    expect(await after.read('gone')).toMatchObject({ errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION })
    const described = await after.ask(describeConfigs, 3, {
      resources: [{ resourceType: 2, resourceName: 'kept', configurationKeys: ['segment.ms', 'retention.ms'] }],
    })
    expect(described.results[0]?.configs.map((config) => config.value).sort()).toEqual(['123', '777'])
    expect(stateOf(brokers[1]!).topics.get('kept')?.partitions).toHaveLength(5)
    expect(readdirSync(directory).filter((name) => name.startsWith('gone'))).toEqual([])
  })

  it('has committed offsets and group ids', async () => {
    const before = await started()
    await before.topicNamed('t')
    const partitions = [{ partitionIndex: 0, committedOffset: 41n, committedLeaderEpoch: 0, committedMetadata: 'm' }]
    const claim = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null }
    await before.ask(offsetCommit, 7, { groupId: 'g', ...claim, topics: [{ name: 't', partitions }] })
    const after = await started()
    const fetched = await after.ask(offsetFetch, 7, { groupId: 'g', topics: null })
    expect(fetched.topics[0]?.partitions[0]).toMatchObject({
      committedOffset: 41n,
      committedLeaderEpoch: 0,
      metadata: 'm',
    })
  })

  it('recognises repeats of a producer, and gives out other ids', async () => {
    const before = await started()
    await before.topicNamed('t')
    const { producerId, producerEpoch } = await before.init('x')
    const records = batchOf(['a'], { producerId, producerEpoch, baseSequence: 0 })
    await before.write('t', records)
    const after = await started()
    expect(await after.write('t', records)).toMatchObject({ errorCode: 0, baseOffset: 0n })
    expect((await after.read('t')).highWatermark).toBe(1n)
    expect(await after.init('x')).toMatchObject({ producerId, producerEpoch: producerEpoch + 1 })
    expect((await after.init('y')).producerId).not.toBe(producerId)
  })

  it('goes on with an open transaction, which its owner then commits', async () => {
    const before = await started()
    await before.topicNamed('t')
    const { producerId, producerEpoch } = await before.init('x')
    const claim = {
      v3AndBelowTransactionalId: 'x',
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
    }
    await before.ask(addPartitionsToTxn, 3, { ...claim, v3AndBelowTopics: [{ name: 't', partitions: [0] }] })
    const of = { producerId, producerEpoch, isTransactional: true }
    await before.write('t', batchOf(['a'], { ...of, baseSequence: 0 }), { transactionalId: 'x' })

    const after = await started()
    expect(await after.read('t', { committed: true })).toMatchObject({ lastStableOffset: 0n })
    const second = await after.write('t', batchOf(['b'], { ...of, baseSequence: 1 }), { transactionalId: 'x' })
    expect(second).toMatchObject({ errorCode: 0, baseOffset: 1n })
    const end = { transactionalId: 'x', producerId, producerEpoch, committed: true }
    expect((await after.ask(endTxn, 3, end)).errorCode).toBe(0)
    await settled(
      () => after.ask(endTxn, 3, end),
      (answer) => answer.errorCode,
    )
    expect(await after.read('t', { committed: true })).toMatchObject({ lastStableOffset: 3n, abortedTransactions: [] })
  })

  it('cuts a half-written batch off the log, and half-written entries off the journal', async () => {
    const before = await started()
    await before.topicNamed('t')
    await before.write('t', batchOf(['a']))
    appendFileSync(join(directory, 't-0', '00000000000000000000.log'), batchOf(['torn']).subarray(0, 67))
    appendFileSync(join(directory, 'cluster.journal'), Uint8Array.of(0, 0, 0, 40, 1, 2, 3, 4, 123))
    const after = await started()
    expect((await after.read('t')).highWatermark).toBe(1n)
    expect(await after.write('t', batchOf(['b']))).toMatchObject({ errorCode: 0, baseOffset: 1n })
    await after.topicNamed('new')
    const last = await started()
    expect((await last.read('t')).highWatermark).toBe(2n)
    expect((await last.read('new')).errorCode).toBe(0)
  })
})

it('a directory is not shared with a live process', async () => {
  writeFileSync(join(directory, '.lock'), String(process.ppid))
  await expect(EmbeddedBroker.start({ directory })).rejects.toMatchObject({ code: 'MR_BROKER_DIRECTORY' })
})
