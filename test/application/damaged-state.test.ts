/** A state that turns out to be damaged while its task runs: removed, restored from its changelog, and the guarantee holds. */
import { TaskCorruptedError } from '@millrace/core'
import type { StoreEngine, StoreEngineProvider } from '@millrace/core/port'
import { EmbeddedBroker, int64, KafkaClient, memoryStores, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
import { expect, it } from 'vitest'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })
const half = 150

/** Stores of which the one of task 0_0 says, once, in the middle of its input, that it cannot be read. */
function damagedOnce(isDue: () => boolean): StoreEngineProvider {
  let done = false
  const inner = memoryStores()
  return overlaid(inner, {
    open: async (name: string): Promise<StoreEngine> => {
      const engine = await inner.open(name)
      if (name !== '0_0') return engine
      const getSync = (key: Uint8Array): Uint8Array | undefined => {
        if (done || !isDue()) return engine.getSync(key)
        done = true
        throw new TaskCorruptedError('MR_STORE_CORRUPT', { store: 'counts', reason: 'planted' })
      }
      return overlaid(engine, { getSync })
    },
  })
}

/** An object with some of its methods replaced; the others work on the object itself. */
function overlaid<T extends object>(target: T, methods: Partial<T>): T {
  const get = (_: T, name: string | symbol): unknown => {
    const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name)
    return typeof own === 'function' ? (own.bind(target) as unknown) : own
  }
  return new Proxy(target, { get })
}

/** Counts every key once, in two tasks of one worker. @returns the values that were written, by key */
async function run(processingGuarantee: 'at-least-once' | 'exactly-once'): Promise<Map<string | null, number[]>> {
  await using broker = await EmbeddedBroker.start()
  await using client = new KafkaClient(broker)
  await client.createTopics([words, counts], { partitions: 2 })
  let seen = 0
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .peek((_, key) => void (seen += key.startsWith('0-') ? 1 : 0))
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(counts)
  const process = async (from: number, to: number, stores: StoreEngineProvider): Promise<void> => {
    const writer = client.writer(words)
    await writer.ready()
    for (let i = from; i < to; i++) for (const p of [0, 1]) writer.send(`${p}-${i}`, 'x', { partition: p })
    await writer.flush()
    const options = { applicationId: 'damaged', kafka: broker, stores, processingGuarantee, commitInterval: 300 }
    await using app = new StreamsApp(builder.build(), { ...options, statestoreCacheMaxBytes: 0 })
    await app.start()
    while ((await client.lag('damaged', [words.name])).some(({ lag }) => lag > 0)) await nextTurn()
    await app.close({ leaveGroup: true })
  }
  await process(0, half, memoryStores())
  // Now there are rows below those that are kept in memory.
  await process(
    half,
    2 * half,
    damagedOnce(() => seen === half + half / 2),
  )
  expect(seen).toBeGreaterThan(2 * half)
  const found = new Map<string | null, number[]>()
  for await (const { key, value } of client.read(counts)) found.set(key, [...(found.get(key) ?? []), value ?? 0])
  return found
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it('writes every result exactly once under exactly-once, also of the tasks that are sound', async () => {
  const found = await run('exactly-once')
  expect(found.size).toBe(4 * half)
  expect([...found].filter(([, values]) => values.length !== 1 || values[0] !== 1)).toEqual([])
})

it('loses nothing under at-least-once, and does nothing again of the tasks that are sound', async () => {
  const found = await run('at-least-once')
  expect(found.size).toBe(4 * half)
  expect([...found].filter(([key, values]) => key?.startsWith('1-') === true && values.join() !== '1')).toEqual([])
})
