/** That windowed aggregations look at the rows they need and not at all rows of a key: rows visited, counted in real stores. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { countVisits, openedStore } from '../../test-support/live-store.ts'
import { int64 } from '../serde/int64.ts'
import { string } from '../serde/string.ts'
import { sessionStore, timestampedWindowStore } from '../store/handle.ts'
import type { SessionStore, ValueAndTimestamp, WindowStore } from '../store/store.ts'
import { session } from '../window/session-windows.ts'
import { sliding } from '../window/sliding-windows.ts'
import { hopping } from '../window/time-windows.ts'
import { aggregateSessions } from './session-aggregate.ts'
import { aggregateSlidingWindows } from './sliding-window-aggregate.ts'
import { aggregateWindows } from './window-aggregate.ts'
import { countingFold } from './window-fold.ts'

type Input = (key: string, value: string, timestampMs: number) => void
const serdes = { key: string(), value: int64() }
const rowsOfKey = 5_000
const fold = countingFold<string, string>()
/** A binary search among 5 000 rows looks at 13. */
const search = 14

describe('a session aggregation on a key with 5 000 sessions', () => {
  for (const type of ['memory', 'disk'] as const) {
    for (const caching of [false, true]) {
      it(`looks at the neighbours of a record, early, in the middle and late (${type}, caching ${caching})`, async () => {
        const handle = sessionStore('s', { ...serdes, type, caching, retention: '1d' })
        const store = await openedStore<SessionStore<string, number>>(handle as never, { caching })
        store.live.setFlushListener(() => undefined, false)
        const task = new FakeTask(store.view)
        const windows = session('1s', { grace: '1d' })
        const supplier = aggregateSessions<string, string, number>({ store: 's', windows, emit: 'update', ...fold })
        const input = task.node(supplier.create() as never) as Input
        for (let i = 0; i < rowsOfKey; i++) input('k', 'v', i * 10_000)
        const counter = countVisits(store.live, 'k')
        for (const place of [0, 2_500, 4_990]) {
          counter.visits = 0
          input('k', 'v', place * 10_000 + 500)
          // One search to find, then one each for what is removed, inserted and taken out.
          expect(counter.visits).toBeLessThanOrEqual(6 * search)
          expect(store.view.fetchSession('k', place * 10_000, place * 10_000 + 500)).toBe(2)
        }
      })
    }
  }

  it('looks at few rows of a session that grows with every record, whether committed or not', async () => {
    const handle = sessionStore('s', { ...serdes, caching: true, retention: '1d' })
    const store = await openedStore<SessionStore<string, number>>(handle as never, { caching: true })
    store.live.setFlushListener(() => undefined, false)
    const task = new FakeTask(store.view)
    const options = { store: 's', windows: session('1h'), emit: 'update', ...fold } as const
    const input = task.node(aggregateSessions<string, string, number>(options).create() as never) as Input
    for (let i = 0; i < rowsOfKey; i++) input('k', 'v', i)
    const counter = countVisits(store.live, 'k')
    input('k', 'v', rowsOfKey)
    expect(counter.visits).toBeLessThanOrEqual(10)
    expect(store.rowsHeld()).toBe(1)
    expect(store.view.fetchSession('k', 0, rowsOfKey)).toBe(rowsOfKey + 1)
  })

  it('finds sessions that overlap, which a processor may have put', async () => {
    const store = await openedStore<SessionStore<string, number>>(
      sessionStore('s', { ...serdes, retention: '1d' }) as never,
    )
    const put = (startMs: number, endMs: number): void =>
      store.view.put({ key: 'k', window: { startMs, endMs } }, startMs)
    put(0, 10)
    put(50, 60)
    put(5, 100)
    const found = [...store.view.findSessions('k', 0, 20)].map(({ key }) => key.window)
    expect(found).toEqual([
      { startMs: 0, endMs: 10 },
      { startMs: 5, endMs: 100 },
    ])
  })
})

describe('a sliding aggregation on a key with thousands of windows', () => {
  it('looks only at windows that begin within twice the difference of a record', async () => {
    const handle = timestampedWindowStore('w', { ...serdes, windowSize: '10s', retention: '1d' })
    const store = await openedStore<WindowStore<string, ValueAndTimestamp<number>>>(handle as never)
    const task = new FakeTask(store.view)
    const windows = sliding('10s', { grace: '1d' })
    const supplier = aggregateSlidingWindows<string, string, number>({ store: 'w', windows, emit: 'update', ...fold })
    const input = task.node(supplier.create() as never) as Input
    for (let i = 0; i < rowsOfKey / 2; i++) input('k', 'v', 10_000 + i * 5_000)
    expect(store.rowsHeld()).toBeGreaterThan(rowsOfKey - 10)
    const counter = countVisits(store.live, 'k')
    for (const place of [10, 1_250, 2_490]) {
      counter.visits = 0
      input('k', 'v', 10_000 + place * 5_000 + 1_000)
      // Two records and so four windows in 10 s: nine in reach, up to seven read, updated or made, one search each.
      expect(counter.visits).toBeLessThanOrEqual(16 * search)
    }
  })
})

describe('a hopping aggregation on a key with thousands of windows', () => {
  const visitsFor = async (overlap: number): Promise<number> => {
    const handle = timestampedWindowStore('w', { ...serdes, windowSize: 1_000 * overlap, retention: '1d' })
    const store = await openedStore<WindowStore<string, ValueAndTimestamp<number>>>(handle as never)
    const task = new FakeTask(store.view)
    const windows = hopping(1_000 * overlap, { advance: 1_000, grace: '1d' })
    const supplier = aggregateWindows<string, string, number>({ store: 'w', windows, emit: 'update', ...fold })
    const input = task.node(supplier.create() as never) as Input
    for (let i = 0; i < rowsOfKey; i++) input('k', 'v', i * 1_000)
    const counter = countVisits(store.live, 'k')
    input('k', 'v', 2_500_000)
    return counter.visits
  }

  it('costs one read and one write per window that contains the record', async () => {
    const once = await visitsFor(1)
    expect(once).toBeLessThanOrEqual(3 * search)
    expect(await visitsFor(5)).toBeLessThanOrEqual(5 * 3 * search)
    expect(await visitsFor(10)).toBeLessThanOrEqual(10 * 3 * search)
  })
})
