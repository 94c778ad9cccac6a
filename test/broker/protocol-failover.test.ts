/**
 * Goal: brokers that are killed lose nothing, double nothing and stop nobody.
 * Method: three brokers; while a producer, a reader, a group member and a transactional loop work, one broker after the
 * other is killed and comes back. Then the logs are compared with what was acknowledged and committed.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RetriableError, TaskMigratedError, TransactionAbortedError } from '@millrace/core'
import { fetchCommittedOffsets, GroupMember, outsider, TransactionalProducer } from '@millrace/protocol'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytes, Fixture, text, until, valuesOf } from '../protocol-client/fixture.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

const partitions = [0, 1, 2, 3, 4, 5]

for (const version of versions) {
  describe.skipIf(missing !== null || process.env['MILLRACE_KAFKA'] !== undefined)(
    `brokers of Kafka ${version} that die`,
    () => {
      let kafka: RealKafka
      beforeAll(async () => {
        kafka = await startKafka(version, 3)
      })
      afterAll(async () => kafka[Symbol.asyncDispose]())

      const fixture = (): Fixture => new Fixture(kafkajsTransport({ brokers: kafka.bootstrap.split(',') }))

      async function killEachInTurn(): Promise<void> {
        for (const node of [0, 1, 2]) {
          await sleep(500)
          await kafka.cluster!.kill(node)
          await sleep(6500)
          await kafka.cluster!.restart(node)
        }
        await sleep(2000)
      }

      it('lose no record, double none, and keep members in their group', async () => {
        await using f = fixture()
        const topic = await f.topic(partitions.length, {}, 3)
        const acked = new Map<number, number>()
        const producer = await f.producer({ onAcked: (_topic, partition, last) => acked.set(partition, last) })
        const fetcher = await f.fetcher()
        fetcher.assign(partitions.map((partition) => ({ topic, partition, offset: 0 })))
        const log: string[] = []
        const member = new GroupMember({
          cluster: await f.cluster('group'),
          sideCluster: await f.cluster(),
          groupId: topic,
          protocolName: 'p',
          rebalanceProtocol: 'cooperative',
          sessionTimeoutMs: 20_000,
          heartbeatIntervalMs: 500,
          subscription: () => bytes(''),
          assign: (members) => new Map(members.map(({ memberId }) => [memberId, bytes('all')])),
          onAssigned: async (assignment) => void log.push(`assigned ${text(assignment)}`),
          onLost: async (reason) => void log.push(`lost ${reason.message}`),
        })
        f.onEnd(async () => member.leave({ send: true }))
        await until(async () => {
          await member.poll()
          return member.identity !== null
        })

        const read: string[][] = partitions.map(() => [])
        let sent = 0
        let isOver = false
        const chaos = killEachInTurn().finally(() => {
          isOver = true
        })
        // Of this time: retention would remove older records.
        while (!isOver) {
          for (const partition of partitions) producer.append(topic, partition, null, bytes(`${sent}`), Date.now())
          sent++
          for (const part of await fetcher.poll(5)) read[part.partition]!.push(...(valuesOf(part) as string[]))
          await member.poll()
          if (sent % 50 === 0) {
            await producer.flush()
            const offsets = [{ topic, partition: 0, offset: sent }]
            await member.commit(offsets).catch((error: unknown) => {
              if (!(error instanceof RetriableError)) throw error
            })
          }
        }
        await chaos
        await producer.flush()
        await until(async () => {
          for (const part of await fetcher.poll(50)) read[part.partition]!.push(...(valuesOf(part) as string[]))
          return read.every((values) => values.length >= sent)
        })
        const expected = Array.from({ length: sent }, (_, i) => `${i}`)
        for (const partition of partitions) {
          expect(read[partition]).toEqual(expected)
          expect(acked.get(partition)).toBe(sent - 1)
        }
        await member.commit([{ topic, partition: 0, offset: sent }])
        const committed = await fetchCommittedOffsets(await f.cluster(), topic, [{ topic, partition: 0 }])
        expect(committed).toMatchObject([{ offset: sent }])
        expect(log.filter((line) => line.startsWith('lost'))).toEqual([])
      }, 180_000)

      it('commit each transaction whole or not at all, exactly as the offsets say', async () => {
        await using f = fixture()
        const topic = await f.topic(partitions.length, {}, 3)
        const group = `g-${topic}`
        const transactionalId = `x-${topic}`
        const side = await f.cluster()
        let producer: TransactionalProducer | null = null
        const recoveries: string[] = []
        let isOver = false
        const chaos = killEachInTurn().finally(() => {
          isOver = true
        })
        /** The one recovery path: a new producer, then the committed offset. */
        const recover = async (): Promise<number> => {
          await producer?.close()
          producer = new TransactionalProducer(await f.cluster('produce'), { transactionalId, lingerMs: 1 })
          await producer.init()
          const [found] = await fetchCommittedOffsets(side, group, [{ topic, partition: 0 }], { timeoutMs: 60_000 })
          return Math.max(0, found!.offset)
        }
        let next = await recover()
        while (!isOver) {
          try {
            for (const partition of partitions)
              producer!.producer.append(topic, partition, null, bytes(`${next}`), Date.now())
            await producer!.sendOffsets(outsider(group), [{ topic, partition: 0, offset: next + 1 }])
            await producer!.commit()
            next++
          } catch (error) {
            const isExpected = error instanceof TransactionAbortedError || error instanceof TaskMigratedError
            if (!isExpected) throw error
            recoveries.push(error.message)
            next = await recover()
          }
        }
        await chaos
        const expected = Array.from({ length: next }, (_, i) => `${i}`)
        for (const partition of partitions) {
          await until(async () => (await f.read(topic, 'read_committed', partition)).length >= next)
          expect(await f.read(topic, 'read_committed', partition)).toEqual(expected)
        }
        expect(next).toBeGreaterThan(10)
        expect(recoveries.length).toBeLessThan(20)
      }, 180_000)
    },
  )
}
