/** That what windows and sessions leave behind is bounded by retention and one segment: in memory, in the engine, after a restart. */
import { describe, expect, it } from 'vitest'
import { openedStore, type OpenedStore } from '../../test-support/live-store.ts'
import { int64 } from '../serde/int64.ts'
import { string } from '../serde/string.ts'
import { sessionStore, versionedStore, windowStore } from './handle.ts'
import type { SessionStore, VersionedKeyValueStore, WindowStore } from './store.ts'

const serdes = { key: string(), value: int64() }
const keys = 20
const minuteMs = 60_000
/** Windows that begin within retention (1 min) and one segment (1 min). */
const windowsAllowed = 3 * keys

type Windows = OpenedStore<WindowStore<string, number>>

async function pass(store: Windows, fromMinute: number, toMinute: number): Promise<number> {
  let most = 0
  for (let minute = fromMinute; minute < toMinute; minute++) {
    for (let half = 0; half < 2; half++) {
      for (let key = 0; key < keys; key++) store.view.put(`k${key}`, minute, minute * minuteMs)
      await store.commit()
      most = Math.max(most, store.rowsHeld(), store.rowsInEngine())
    }
  }
  return most
}

const oneMinute = { ...serdes, windowSize: '1m', retention: '1m' } as const

describe('an hour of event time through windows of one minute', () => {
  for (const type of ['memory', 'disk'] as const) {
    for (const caching of [false, true]) {
      it(`leaves the rows of the retention and one segment (${type}, caching ${caching})`, async () => {
        const handle = windowStore('w', { ...oneMinute, type, caching })
        const store: Windows = await openedStore(handle as never, { caching })
        const most = await pass(store, 0, 60)
        expect(store.rowsInEngine()).toBeLessThanOrEqual(windowsAllowed)
        expect(store.rowsInEngine()).toBeGreaterThanOrEqual(keys)
        // A cache remembers what it was given up to its own limit, as Kafka's does; the store below it does not.
        if (!caching) expect(most).toBeLessThanOrEqual(windowsAllowed)
      })
    }
  }

  it('leaves no more when all of it passes within one commit', async () => {
    const store: Windows = await openedStore(windowStore('w', oneMinute) as never)
    for (let minute = 0; minute < 60; minute++)
      for (let key = 0; key < keys; key++) store.view.put(`k${key}`, minute, minute * minuteMs)
    expect(store.rowsHeld()).toBeLessThanOrEqual(windowsAllowed)
    await store.commit()
    expect(store.rowsInEngine()).toBeLessThanOrEqual(windowsAllowed)
  })

  it('deletes what expired while the store was closed', async () => {
    const before: Windows = await openedStore(windowStore('w', oneMinute) as never)
    await pass(before, 0, 3)
    const after: Windows = await openedStore(windowStore('w', oneMinute) as never, { engine: before.engine })
    expect(after.rowsHeld()).toBe(before.rowsHeld())
    after.view.put('k0', 1, 30 * minuteMs)
    await after.commit()
    expect(after.rowsInEngine()).toBe(1)
    expect(after.rowsHeld()).toBe(1)
  })

  it('keeps the bound in a copy that follows the changelog, from the start and from a stored position', async () => {
    const source: Windows = await openedStore(windowStore('w', oneMinute) as never)
    await pass(source, 0, 60)
    const half = source.changelog.length / 2
    const first: Windows = await openedStore(windowStore('w', oneMinute) as never)
    first.live.restore(source.changelog.slice(0, half))
    await first.commit()
    expect(first.rowsInEngine()).toBeLessThanOrEqual(windowsAllowed)
    const second: Windows = await openedStore(windowStore('w', oneMinute) as never, { engine: first.engine })
    second.live.restore(source.changelog.slice(half))
    await second.commit()
    expect(second.rowsInEngine()).toBe(source.rowsInEngine())
    expect([...second.view.all()]).toEqual([...source.view.all()])
  })

  it('never writes to the changelog for rows that expire: its topic lets them go by its own retention', async () => {
    const store: Windows = await openedStore(windowStore('w', oneMinute) as never)
    await pass(store, 0, 60)
    expect(store.changelog.filter(({ value }) => value === null)).toEqual([])
    expect(store.changelog).toHaveLength(60 * 2 * keys)
  })
})

describe('sessions', () => {
  for (const type of ['memory', 'disk'] as const) {
    it(`leave the rows of the retention and one segment (${type})`, async () => {
      const handle = sessionStore('s', { ...serdes, type, retention: '1m' })
      const store = await openedStore<SessionStore<string, number>>(handle as never)
      for (let at = 0; at < 360; at++) {
        const timeMs = at * 10_000
        for (let key = 0; key < keys; key++)
          store.view.put({ key: `k${key}`, window: { startMs: timeMs, endMs: timeMs } }, at)
        await store.commit()
        expect(store.rowsHeld()).toBeLessThanOrEqual(13 * keys)
        expect(store.rowsInEngine()).toBeLessThanOrEqual(13 * keys)
      }
    })

    for (const caching of [false, true]) {
      it(`that grow leave one row behind, also before a commit (${type}, caching ${caching})`, async () => {
        const handle = sessionStore('s', { ...serdes, type, caching, retention: '1h' })
        const store = await openedStore<SessionStore<string, number>>(handle as never, { caching })
        store.live.setFlushListener(() => undefined, false)
        for (let at = 0; at < 500; at++) {
          if (at > 0) store.view.remove({ key: 'k', window: { startMs: 0, endMs: at - 1 } })
          store.view.put({ key: 'k', window: { startMs: 0, endMs: at } }, at)
        }
        expect(store.rowsHeld()).toBe(1)
        await store.commit()
        expect(store.rowsInEngine()).toBe(1)
        expect([...store.view.fetch('k')]).toEqual([
          { key: { key: 'k', window: { startMs: 0, endMs: 499 } }, value: 499 },
        ])
      })
    }
  }
})

it('a versioned store leaves the versions of its history and one segment', async () => {
  const handle = versionedStore('v', { ...serdes, historyRetention: '1m' })
  const store = await openedStore<VersionedKeyValueStore<string, number>>(handle as never)
  const olderRows = (): number => [...store.engine.rangeSync({})].filter(({ key }) => key[2] === 1).length
  for (let at = 0; at < 720; at++) {
    for (let key = 0; key < keys; key++) store.view.put(`k${key}`, at, at * 5_000)
    await store.commit()
    // 12 versions in a minute; segments of a minute's history are 20 s long: 4 more.
    expect(olderRows()).toBeLessThanOrEqual(17 * keys)
  }
  expect(olderRows()).toBeGreaterThanOrEqual(11 * keys)
})
