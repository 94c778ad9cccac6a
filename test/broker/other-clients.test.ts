/**
 * Other clients and we agree on what is committed: Kafka's own consumer and kafkajs' read what applications wrote that
 * were killed in the middle of transactions, and our reader reads what Kafka's own producer committed and aborted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { bytes, KafkaClient, topic } from 'millrace'
import { missingForKafka } from '@millrace/testing'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCampaign } from '../crash/fleet/campaign.ts'
import { killWeights } from '../crash/fleet/faults.ts'
import { fleetTopics } from '../crash/fleet/topics.ts'
import { runJava } from './java-program.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const noJava = missing ?? missingForKafka()
if (missing === null && noJava !== null) console.warn(`SKIPPED: Kafka's own clients, because ${noJava}`)

const hex = (part: Uint8Array | null): string => (part === null ? '-' : Buffer.from(part).toString('hex'))

/** What we read with read_committed, in the form of the Java program. */
async function ours(client: KafkaClient, name: string): Promise<string[]> {
  const lines: string[] = []
  for await (const { partition, offset, key, value } of client.read(topic(name, { key: bytes(), value: bytes() }))) {
    lines.push(`${partition}\t${offset}\t${hex(key)}\t${hex(value)}`)
  }
  return lines
}

/** What kafkajs' consumer has read of a topic, as far as it has come. */
async function kafkajsReader(bootstrap: string, name: string): Promise<{ lines: string[]; close(): Promise<void> }> {
  const kafka = new Kafka({ brokers: bootstrap.split(','), logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: `kafkajs-${name}`, readUncommitted: false, maxWaitTimeInMs: 200 })
  const lines: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: name, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message: { offset, key, value } }) =>
      void lines.push(`${partition}\t${offset}\t${hex(key)}\t${hex(value)}`),
  })
  return { lines, close: async () => consumer.disconnect() }
}

const byPlace = (a: string, b: string): number => {
  const [one, other] = [a.split('\t').map(Number), b.split('\t').map(Number)]
  return (one[0] ?? 0) - (other[0] ?? 0) || (one[1] ?? 0) - (other[1] ?? 0)
}

for (const version of versions) {
  describe.skipIf(noJava !== null)(`other clients on Kafka ${version}, seed ${seed}`, () => {
    let kafka: RealKafka
    let client: KafkaClient
    let directory = ''
    beforeAll(async () => {
      kafka = await startKafka(version)
      client = new KafkaClient({ brokers: kafka.bootstrap.split(',') })
      directory = mkdtempSync(join(tmpdir(), 'millrace-clients-'))
    }, 180_000)
    afterAll(async () => {
      await client.close()
      await kafka[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    })

    it('see exactly what a killed application committed', async () => {
      // One process: its transactions follow one another, which is all that kafkajs' filter can take (docs/decisions/0002).
      const summary = await runCampaign({
        applicationId: 'read',
        rounds: 3,
        seed,
        guarantee: 'exactly-once',
        kafka: kafka.bootstrap,
        cluster: null,
        brokers: 1,
        directory,
        members: 1,
        staticMembers: 1,
        recordsPerSecond: 200,
        faults: [1, 1],
        weights: killWeights,
      })
      expect(summary.faults).toEqual([])
      expect(summary.kills).toBeGreaterThanOrEqual(3)
      for (const { name } of [fleetTopics('read').echo, fleetTopics('read').counts]) {
        const seen = await ours(client, name)
        expect(seen.length).toBeGreaterThan(100)
        expect((await runJava(version, 'ReadCommitted', [kafka.bootstrap, name])).toSorted(byPlace)).toEqual(seen)
        const reader = await kafkajsReader(kafka.bootstrap, name)
        await vi.waitFor(() => expect(reader.lines.length).toBeGreaterThanOrEqual(seen.length), {
          timeout: 30_000,
          interval: 100,
        })
        await reader.close()
        expect(reader.lines.toSorted(byPlace)).toEqual(seen)
      }
    }, 240_000)

    it("write what our reader sees exactly as far as Kafka's own producer committed it", async () => {
      const name = 'from-java'
      const partitions = 3
      await client.createTopics([{ name }], { partitions })
      const committed = await runJava(version, 'WriteTransactions', [kafka.bootstrap, name, `${partitions}`, `${seed}`])
      expect(committed.length).toBeGreaterThan(200)
      const read = async (): Promise<string[]> => {
        const lines: string[] = []
        for await (const one of client.read(topic(name, { key: bytes(), value: bytes() }))) {
          lines.push(`${one.partition}\t${one.offset}\t${Buffer.from(one.value ?? []).toString()}`)
        }
        return lines
      }
      // What comes behind the transaction left open is seen when the coordinator has aborted that one.
      await vi.waitFor(async () => expect((await read()).length).toBeGreaterThanOrEqual(committed.length), {
        timeout: 30_000,
        interval: 200,
      })
      expect(await read()).toEqual(committed.toSorted(byPlace))
    }, 120_000)
  })
}
