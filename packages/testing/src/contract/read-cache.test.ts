/**
 * Stores on disk with little memory for reads: whatever is forgotten, packed or kept as an object, reads, ranges, commits
 * and rollbacks answer as a plain map does.
 */
import {
  type KeyValueStore,
  keyValueStore,
  type StoreDefinition,
  string,
  timestampedKeyValueStore,
  type ValueAndTimestamp,
} from '@millrace/core'
import { memoryEngine } from '@millrace/core/internal'
import { expect, it } from 'vitest'
import { hostedStore, type HostedStore } from './hosted-store.ts'
import { SeededRandom } from '../simulation/seeded-random.ts'

type Timed = KeyValueStore<string, ValueAndTimestamp<string>>

const timed = timestampedKeyValueStore('s', { key: string(), value: string() }) as never as StoreDefinition<
  never,
  never
>
const keysMax = 200

const limits = [
  { what: 'uncached, no memory', cacheBytesMax: 0, readBytesMax: 0 },
  { what: 'uncached, little memory', cacheBytesMax: 0, readBytesMax: 12_000 },
  { what: 'uncached, enough memory', cacheBytesMax: 0, readBytesMax: 1_000_000 },
  { what: 'cached, no memory', cacheBytesMax: 4_000, readBytesMax: 0, cleanRowsMax: 3 },
  { what: 'cached, little memory', cacheBytesMax: 4_000, readBytesMax: 12_000, cleanRowsMax: 3 },
  { what: 'cached, enough memory', cacheBytesMax: 4_000, readBytesMax: 1_000_000, cleanRowsMax: 3 },
]

function rowsOf(model: ReadonlyMap<string, ValueAndTimestamp<string>>, from = '', to = '\uffff'): unknown[] {
  const keys = [...model.keys()].filter((key) => key >= from && key <= to).sort()
  return keys.map((key) => ({ key, value: model.get(key) }))
}

it.each(limits)('agrees with a map: $what', async (options) => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = new SeededRandom(seed)
    const engine = memoryEngine()
    const store: HostedStore<Timed> = await hostedStore<Timed>(timed, { engine, ...options })
    const { view } = store
    let model = new Map<string, ValueAndTimestamp<string>>()
    let committed = new Map(model)
    for (let step = 0; step < 2_000; step++) {
      const at = `seed ${seed} step ${step}`
      const key = `k${random.between(0, keysMax)}`
      const value = { value: 'v'.repeat(random.between(0, random.chance(0.05) ? 700 : 70)), timestampMs: step }
      if (random.chance(0.4)) expect(view.get(key), at).toEqual(model.get(key) ?? null)
      else if (random.chance(0.6)) {
        view.put(key, value)
        model.set(key, value)
      } else if (random.chance(0.5)) {
        expect(view.delete(key), at).toEqual(model.get(key) ?? null)
        model.delete(key)
      } else {
        expect(view.putIfAbsent(key, value), at).toEqual(model.get(key) ?? null)
        if (!model.has(key)) model.set(key, value)
      }
      if (random.chance(0.01)) expect([...view.range('k1', 'k2')], at).toEqual(rowsOf(model, 'k1', 'k2'))
      if (random.chance(0.01)) {
        await store.commit()
        committed = new Map(model)
      } else if (random.chance(0.003)) {
        await store.rollback()
        model = new Map(committed)
      }
    }
    expect([...view.all()]).toEqual(rowsOf(model))
    await store.commit()
    expect(store.pinnedBytes).toBe(0)
    const again = await hostedStore<Timed>(timed, { engine, ...options })
    for (let i = 0; i <= keysMax; i++) expect(again.view.get(`k${i}`)).toEqual(model.get(`k${i}`) ?? null)
  }
})

it('is restored from its changelog with little memory', async () => {
  const plain = keyValueStore('s', { key: string(), value: string() }) as never
  const store = await hostedStore<KeyValueStore<string, string>>(plain, { cacheBytesMax: 0 })
  const model = new Map<string, string>()
  const random = new SeededRandom(9)
  for (let step = 0; step < 2_000; step++) {
    const key = `k${random.between(0, keysMax)}`
    if (random.chance(0.2)) store.view.delete(key)
    else store.view.put(key, `${step}`)
    if (store.view.get(key) === null) model.delete(key)
    else model.set(key, `${step}`)
  }
  const options = { engine: memoryEngine(), cacheBytesMax: 0, readBytesMax: 8_000 }
  const copy = await hostedStore<KeyValueStore<string, string>>(plain, options)
  copy.live.restore(store.changelogRecords())
  await copy.commit()
  for (let i = 0; i <= keysMax; i++) expect(copy.view.get(`k${i}`), `k${i}`).toBe(model.get(`k${i}`) ?? null)
})
