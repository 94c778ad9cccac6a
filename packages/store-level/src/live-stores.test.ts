/** Stores on LevelDB: what is committed is there after a restart, ranges merge engine and memory, damage is reported. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type KeyValueStore,
  keyValueStore,
  string,
  timestampedWindowStore,
  type ValueAndTimestamp,
  type WindowStore,
} from '@millrace/core'
import type { StoreEngineProvider } from '@millrace/core/port'
import { hostedStore, SeededRandom } from '@millrace/testing/contract'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { levelStores } from './index.ts'

let directory: string
let stores: StoreEngineProvider
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-live-'))
  stores = levelStores({ directory })
})
afterEach(async () => {
  await stores.close()
  await rm(directory, { recursive: true, force: true })
})

const serdes = { key: string(), value: string() }

it('reads ranges over committed and uncommitted rows, with few rows kept in memory', async () => {
  const handle = keyValueStore('s', serdes) as never
  const engine = await stores.open('0_0')
  const store = await hostedStore<KeyValueStore<string, string>>(handle, { engine, cleanRowsMax: 4 })
  const random = new SeededRandom(61)
  const model = new Map<string, string>()
  for (let step = 0; step < 600; step++) {
    const key = `k${random.between(0, 60)}`
    if (random.chance(0.7)) {
      store.view.put(key, `${step}`)
      model.set(key, `${step}`)
    } else {
      expect(store.view.delete(key)).toBe(model.get(key) ?? null)
      model.delete(key)
    }
    if (random.chance(0.05)) await store.commit()
    if (random.chance(0.05)) {
      const expected = [...model.keys()].sort().map((each) => ({ key: each, value: model.get(each) }))
      expect([...store.view.all()], `seed 61 step ${step}`).toEqual(expected)
      expect([...store.view.reverseRange('k2', 'k5')].map((row) => row.key)).toEqual(
        expected
          .map((row) => row.key)
          .filter((each) => each >= 'k2' && each <= 'k5')
          .reverse(),
      )
    }
  }
  await store.commit()
  await engine.close()
  const again = await hostedStore<KeyValueStore<string, string>>(handle, { engine: await stores.open('0_0') })
  for (let i = 0; i <= 60; i++) expect(again.view.get(`k${i}`)).toBe(model.get(`k${i}`) ?? null)
})

it('loads the windows of a restarted task, in the order they had', async () => {
  const handle = timestampedWindowStore('w', { ...serdes, windowSize: 1_000, retention: '1h' }) as never
  type Windows = WindowStore<string, ValueAndTimestamp<string>>
  const engine = await stores.open('0_0')
  const store = await hostedStore<Windows>(handle, { engine })
  for (let i = 0; i < 300; i++) {
    store.view.put(`k${i % 7}`, { value: `${i}`, timestampMs: i }, (i % 40) * 10_000)
    if (i % 60 === 59) await store.commit()
  }
  const rows = [...store.view.all()]
  await engine.close()
  const again = await hostedStore<Windows>(handle, { engine: await stores.open('0_0') })
  expect([...again.view.all()]).toEqual(rows)
  expect([...again.view.fetch('k3', 0, 100_000)]).toEqual([...store.view.fetch('k3', 0, 100_000)])
})
