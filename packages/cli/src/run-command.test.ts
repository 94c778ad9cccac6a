import { EmbeddedBroker } from '@millrace/broker'
import { string, StreamsBuilder, topic } from '@millrace/core'
import { silentLogger } from '@millrace/core/port'
import { Cluster, createTopics } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }

async function run(words: string[], broker?: EmbeddedBroker, exported: Record<string, unknown> = {}) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommand(words, {
    connect: async () => new Cluster(await (broker as EmbeddedBroker).transport().open('admin'), around),
    load: async () => exported,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  })
  return { code, out, err }
}

it('prints the topology that a module exports, as Kafka does', async () => {
  const builder = new StreamsBuilder()
  const words = topic('words', { key: string(), value: string() })
  builder.stream(words).to(topic('copies', { key: string(), value: string() }))
  const { code, out } = await run(['topology', 'app.js'], undefined, { builder })
  expect(code).toBe(0)
  expect(out[0]).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: [words])')
  expect((await run(['topology', 'app.js'], undefined, { other: 1 })).err[0]).toContain('exports other')
})

it('lists topics as a table and as JSON lines', async () => {
  await using broker = await EmbeddedBroker.start()
  await using cluster = new Cluster(await broker.transport().open('admin'), around)
  await createTopics(cluster, [{ name: 'orders', partitions: 3 }])
  expect((await run(['topics'], broker)).out).toEqual(['topic   partitions', 'orders           3'])
  expect((await run(['topics', '--json'], broker)).out).toEqual(['{"topic":"orders","partitions":3}'])
})

it('answers what is not there with exit code 3, and wrong use with 2 and the usage', async () => {
  await using broker = await EmbeddedBroker.start()
  expect(await run(['lag', 'nobody'], broker)).toMatchObject({ code: 3 })
  expect(await run(['groups', 'nobody'], broker)).toMatchObject({ code: 3 })
  expect((await run(['lagg'], broker)).code).toBe(2)
  expect((await run(['lag', '--nope'], broker)).err[0]).toContain('--nope')
})
