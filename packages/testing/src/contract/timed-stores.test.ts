/** Window, session and versioned stores against naive models: random work, commits, rollbacks, restore from the changelog. */
import {
  putLatest,
  putRejected,
  sessionStore,
  type SessionStore,
  string,
  timestampedWindowStore,
  type ValueAndTimestamp,
  versionedStore,
  type VersionedKeyValueStore,
  windowStore,
  type WindowStore,
} from '@millrace/core'
import type { KeepsTime } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../simulation/seeded-random.ts'
import { HostedStore, hostedStore } from './hosted-store.ts'

const serdes = { key: string(), value: string() }
const keys = ['a', 'b', 'ab', 'a\u0000', 'c']
const retention = 400_000

/** A model with the state of the last commit, and how many changelog records that was. */
class Model<S> {
  now: S
  committed: S
  records = 0
  private readonly copy: (state: S) => S

  constructor(empty: S, copy: (state: S) => S) {
    this.now = empty
    this.copy = copy
    this.committed = copy(empty)
  }

  commit(records: number): void {
    this.committed = this.copy(this.now)
    this.records = records
  }

  rollback(): void {
    this.now = this.copy(this.committed)
  }
}

interface Windows {
  readonly rows: Map<string, string>
  observedMs: number
}
const copyWindows = (windows: Windows): Windows => ({ rows: new Map(windows.rows), observedMs: windows.observedMs })
const live = (windows: Windows, timeMs: number): boolean => timeMs > windows.observedMs - retention

describe('window store', () => {
  for (const seed of [31, 32, 33]) {
    for (const [type, caching] of [
      ['disk', false],
      ['disk', true],
      ['memory', false],
    ] as const) {
      it(`agrees with a map of rows (seed ${seed}, ${type}, caching ${caching})`, async () => {
        const random = new SeededRandom(seed)
        const options = { ...serdes, windowSize: 1_000, retention, type, caching }
        const handle = timestampedWindowStore('w', options) as never
        const store = await hostedStore<WindowStore<string, ValueAndTimestamp<string>>>(handle)
        const model = new Model<Windows>({ rows: new Map(), observedMs: -1 }, copyWindows)
        let clock = 0
        for (let step = 0; step < 1_500; step++) {
          clock += random.between(0, 2_000)
          const key = random.pick(keys)
          const startMs = Math.max(0, Math.floor((clock - random.between(0, 300_000)) / 1_000) * 1_000)
          const what = random.between(0, 99)
          if (what < 50) {
            store.view.put(key, { value: `${step}`, timestampMs: step }, startMs)
            model.now.rows.set(`${key}@${startMs}`, `${step}`)
            model.now.observedMs = Math.max(model.now.observedMs, startMs)
          } else if (what < 60) {
            store.view.put(key, null, startMs)
            model.now.rows.delete(`${key}@${startMs}`)
            model.now.observedMs = Math.max(model.now.observedMs, startMs)
          } else if (what < 75) {
            const row = live(model.now, startMs) ? model.now.rows.get(`${key}@${startMs}`) : undefined
            if (!caching || live(model.now, startMs)) {
              expect(store.view.fetchOne(key, startMs)?.value ?? undefined, `seed ${seed} step ${step}`).toBe(row)
            }
          } else if (what < 90) {
            const expected = [...model.now.rows]
              .filter(([id]) => id.slice(0, id.lastIndexOf('@')) === key)
              .map(([id, value]) => [Number(id.slice(id.lastIndexOf('@') + 1)), value] as const)
              .filter(([time]) => time >= startMs && live(model.now, time))
              .sort(([one], [other]) => one - other)
            const found = [...store.view.fetch(key, startMs, Infinity)].filter((row) => live(model.now, row.key))
            expect(
              found.map((row) => [row.key, row.value.value]),
              `seed ${seed} step ${step}`,
            ).toEqual(expected)
          } else if (what < 97) {
            ;(store.view as unknown as KeepsTime).observedStreamTimeMs = clock
            await store.commit()
            model.commit(store.changelog.length)
            expect(store.pinnedBytes).toBe(0)
          } else {
            await store.rollback()
            store.changelog.length = model.records
            model.rollback()
            expect(store.pinnedBytes).toBe(0)
          }
        }
        await store.commit()
        const copy = await hostedStore<WindowStore<string, ValueAndTimestamp<string>>>(handle)
        copy.live.restore(store.changelogRecords())
        const fresh = ({ key }: { key: { window: { startMs: number } } }): boolean =>
          live(model.now, key.window.startMs)
        expect([...copy.view.all()].filter(fresh)).toEqual([...store.view.all()].filter(fresh))
        await copy.commit()
        const reopened = await hostedStore<WindowStore<string, ValueAndTimestamp<string>>>(handle, {
          engine: copy.engine,
        })
        expect([...reopened.view.all()]).toEqual([...copy.view.all()])
      })
    }
  }

  it('deletes the engine rows of expired segments, and leaves nothing behind', async () => {
    const options = { ...serdes, windowSize: 1_000, retention: 120_000 }
    const store = await hostedStore<WindowStore<string, ValueAndTimestamp<string>>>(
      timestampedWindowStore('w', options) as never,
    )
    for (let i = 0; i < 500; i++) {
      store.view.put(`k${i}`, { value: 'x', timestampMs: i }, i * 10)
      if (i % 50 === 0) await store.commit()
    }
    store.view.put('late', { value: 'x', timestampMs: 0 }, 10_000_000)
    await store.commit()
    await store.commit()
    let rows = 0
    for await (const { key } of store.engine.range({})) if (key[2] === 0) rows++
    expect(rows).toBe(1)
  })

  it('has each row once when it is loaded after a restore, as a task does', async () => {
    const definition = windowStore('s', { ...serdes, retention, windowSize: 10, retainDuplicates: true })
    const store = await hostedStore<WindowStore<string, string>>(definition as never)
    store.at(1).view.put('a', 'x', 1)
    store.at(1).view.put('a', 'y', 1)
    const copy = new HostedStore<WindowStore<string, string>>(definition as never)
    copy.live.restore(store.changelogRecords())
    await copy.commit()
    await copy.live.load()
    expect([...copy.view.fetch('a', 0, 10)].map(({ value }) => value)).toEqual(['x', 'y'])
  })

  it('keeps the times of its operator over a restart', async () => {
    const handle = timestampedWindowStore('w', { ...serdes, windowSize: 10, retention: 100 }) as never
    const store = await hostedStore<WindowStore<string, never> & KeepsTime>(handle)
    expect([store.view.observedStreamTimeMs, store.view.lastEmittedMs]).toEqual([-1, -1])
    store.view.observedStreamTimeMs = 77
    store.view.lastEmittedMs = 60
    await store.commit()
    const again = await hostedStore<WindowStore<string, never> & KeepsTime>(handle, { engine: store.engine })
    expect([again.view.observedStreamTimeMs, again.view.lastEmittedMs]).toEqual([77, 60])
  })
})

describe('session store', () => {
  for (const seed of [41, 42]) {
    for (const [type, caching] of [
      ['disk', false],
      ['disk', true],
      ['memory', false],
    ] as const) {
      it(`agrees with a map of sessions (seed ${seed}, ${type}, caching ${caching})`, async () => {
        const random = new SeededRandom(seed)
        const handle = sessionStore('s', { ...serdes, retention, type, caching }) as never
        const store = await hostedStore<SessionStore<string, string>>(handle)
        const model = new Model<Map<string, string>>(new Map(), (rows) => new Map(rows))
        for (let step = 0; step < 1_200; step++) {
          const key = random.pick(keys)
          const startMs = random.between(0, 60) * 1_000
          const window = { startMs, endMs: startMs + random.between(0, 3) * 1_000 }
          const id = JSON.stringify([window.endMs, window.startMs, key])
          const what = random.between(0, 99)
          if (what < 45) {
            store.view.put({ key, window }, `${step}`)
            model.now.set(id, `${step}`)
          } else if (what < 60) {
            store.view.remove({ key, window })
            model.now.delete(id)
          } else if (what < 70) {
            expect(store.view.fetchSession(key, window.startMs, window.endMs)).toBe(model.now.get(id) ?? null)
          } else if (what < 90) {
            const found = [...store.view.findSessions(key, window.startMs, window.endMs)].map((row) => row.value)
            const expected = [...model.now]
              .map(([text, value]) => ({ at: JSON.parse(text) as [number, number, string], value }))
              .filter(({ at: [end, start, owner] }) => owner === key && end >= window.startMs && start <= window.endMs)
            expect(found.toSorted(), `seed ${seed} step ${step}`).toEqual(expected.map((row) => row.value).sort())
          } else if (what < 97) {
            await store.commit()
            model.commit(store.changelog.length)
          } else {
            await store.rollback()
            store.changelog.length = model.records
            model.rollback()
          }
        }
        await store.commit()
        expect([...store.view.fetchKeys(null, null)].length).toBe(model.now.size)
        const copy = await hostedStore<SessionStore<string, string>>(handle)
        copy.live.restore(store.changelogRecords())
        expect([...copy.view.fetchKeys(null, null)]).toEqual([...store.view.fetchKeys(null, null)])
      })
    }
  }
})

describe('versioned store', () => {
  for (const seed of [51, 52, 53]) {
    it(`agrees with a list of versions (seed ${seed})`, async () => {
      const random = new SeededRandom(seed)
      const handle = versionedStore('v', { ...serdes, historyRetention: 100_000 }) as never
      const store = await hostedStore<VersionedKeyValueStore<string, string>>(handle)
      type Versions = Map<string, Map<number, string | null>>
      const copyAll = (rows: Versions): Versions => new Map([...rows].map(([k, list]) => [k, new Map(list)]))
      const model = new Model<{ rows: Versions; observedMs: number }>({ rows: new Map(), observedMs: -1 }, (state) => ({
        rows: copyAll(state.rows),
        observedMs: state.observedMs,
      }))
      let clock = 0
      for (let step = 0; step < 1_500; step++) {
        clock += random.between(0, 500)
        const key = random.pick(keys)
        const timestampMs = Math.max(0, clock - random.between(0, 40_000))
        const list = model.now.rows.get(key) ?? new Map<number, string | null>()
        const times = [...list.keys()].sort((one, other) => one - other)
        const what = random.between(0, 99)
        if (what < 60) {
          const value = random.chance(0.25) ? null : `${step}`
          if (value === null && times.length === 0) continue
          const next = times.find((time) => time > timestampMs)
          const answer = store.view.put(key, value, timestampMs)
          if (timestampMs < model.now.observedMs - 100_000) expect(answer).toBe(putRejected)
          else {
            expect(answer, `seed ${seed} step ${step}`).toBe(next ?? putLatest)
            list.set(timestampMs, value)
            model.now.rows.set(key, list)
            model.now.observedMs = Math.max(model.now.observedMs, timestampMs)
          }
        } else if (what < 90) {
          const at = times.filter((time) => time <= timestampMs).at(-1)
          const expected = at === undefined ? null : (list.get(at) ?? null)
          expect(store.view.get(key, timestampMs)?.value ?? null, `seed ${seed} step ${step}`).toBe(expected)
          const last = times.at(-1)
          expect(store.view.get(key)?.value ?? null).toBe(last === undefined ? null : (list.get(last) ?? null))
        } else if (what < 97) {
          await store.commit()
          model.commit(store.changelog.length)
          expect(store.pinnedBytes).toBe(0)
        } else {
          await store.rollback()
          store.changelog.length = model.records
          model.rollback()
        }
      }
      await store.commit()
      const copy = await hostedStore<VersionedKeyValueStore<string, string>>(handle)
      copy.live.restore(store.changelogRecords())
      for (const key of keys) expect(copy.view.get(key)).toEqual(store.view.get(key))
      const reopened = await hostedStore<VersionedKeyValueStore<string, string>>(handle, { engine: store.engine })
      expect([...reopened.view.history()]).toEqual([...store.view.history()])
    })
  }
})
