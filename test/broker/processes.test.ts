/**
 * Three processes and six partitions on a real Kafka: one closes, one comes, one is killed, one is paused beyond its
 * session and wakes up again. Every partition is owned again each time, and the counts are right in the end.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { int64, KafkaClient, string, topic } from 'millrace'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CountingProcess } from '../crash/child.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

const wait = { timeout: 60_000, interval: 300 }
const allTasks = [0, 1].flatMap((sub) => Array.from({ length: 6 }, (_, partition) => `${sub}_${partition}`))

describe.skipIf(missing !== null)(`several processes of one application on Kafka ${versions[0]}`, () => {
  let kafka: RealKafka
  let directory: string
  beforeAll(async () => {
    kafka = await startKafka(versions[0] ?? '')
    directory = await mkdtemp(join(tmpdir(), 'millrace-processes-'))
  }, 120_000)
  afterAll(async () => {
    await kafka[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  it.each(['at-least-once', 'exactly-once'])(
    'share their tasks whatever happens to one of them (%s)',
    async (processingGuarantee) => {
      const applicationId = `processes-${processingGuarantee}`
      const words = topic(`${applicationId}-words`, { key: string(), value: string() })
      const counts = topic(`${applicationId}-counts`, { key: string(), value: int64() })
      await using client = new KafkaClient({ brokers: kafka.bootstrap.split(',') })
      await client.createTopics([words, counts], { partitions: 6 })
      const running: CountingProcess[] = []
      const start = (name: string): CountingProcess => {
        const child = new CountingProcess({
          applicationId,
          brokers: kafka.bootstrap.split(','),
          stateDirectory: join(directory, applicationId, name),
          app: { processingGuarantee },
        })
        running.push(child)
        return child
      }
      const isShared = async (children: readonly CountingProcess[]): Promise<void> => {
        await vi.waitFor(async () => {
          const reports = await Promise.all(children.map(async (child) => child.report()))
          expect(reports.flatMap(({ tasks }) => tasks).toSorted()).toEqual(allTasks)
          expect(reports.map(({ state }) => state)).toEqual(children.map(() => 'RUNNING'))
        }, wait)
      }
      const expected = new Map<string, number>()
      const writer = client.writer(words)
      await writer.ready()
      let n = 0
      const write = async (): Promise<void> => {
        for (const until = n + 2_000; n < until; n++) {
          writer.send(`k${n}`, `w${n % 29}`)
          expected.set(`w${n % 29}`, (expected.get(`w${n % 29}`) ?? 0) + 1)
        }
        await writer.flush()
      }
      try {
        const [a, b, c] = [start('a'), start('b'), start('c')]
        await write()
        await isShared([a, b, c])
        await write()
        expect(await a.close()).toBe(0)
        await write()
        await isShared([b, c])
        const again = start('a')
        await write()
        await isShared([again, b, c])
        await b.kill()
        await write()
        await isShared([again, c])
        c.signal('SIGSTOP')
        await write()
        await isShared([again])
        c.signal('SIGCONT')
        await write()
        await isShared([again, c])
        await vi.waitFor(async () => {
          const found = new Map<string, number>()
          for await (const { key, value } of client.read(counts)) found.set(key ?? '', value ?? 0)
          const short = [...expected].filter(([word, count]) => (found.get(word) ?? 0) < count)
          expect(short).toEqual([])
          if (processingGuarantee === 'exactly-once') expect(found).toEqual(expected)
        }, wait)
        expect([await again.close(), await c.close()]).toEqual([0, 0])
      } finally {
        await Promise.all(running.map(async (child) => child.kill()))
      }
    },
    300_000,
  )
})
