import {
  bytes,
  headersKeyValueStore,
  int64,
  type KeyValueStore,
  keyValueStore,
  lruStore,
  type StoreDefinition,
  string,
  timestampedKeyValueStore,
  type ValueAndTimestamp,
  type ValueTimestampHeaders,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { type HostedStore, hostedStore } from './hosted-store.ts'
import { SeededRandom } from '../simulation/seeded-random.ts'

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
const serdes = { key: string(), value: string() }
const any = (definition: StoreDefinition<string, string>): StoreDefinition<never, never> =>
  definition as unknown as StoreDefinition<never, never>
const logged = (store: HostedStore<never>): unknown[] =>
  store.changelog.map((r) => [text(r.key), text(r.value), r.timestampMs])

describe('key-value store', () => {
  it('keeps bytes of its own: neither the buffer they came from nor what was read changes them', async () => {
    const definition = keyValueStore('s', { key: string(), value: bytes() })
    const store = await hostedStore<KeyValueStore<string, Uint8Array>>(
      definition as unknown as StoreDefinition<never, never>,
    )
    const fetched = new Uint8Array(1_000)
    store.at(1).view.put('a', fetched.subarray(10, 12))
    fetched[10] = 9
    const read = store.view.get('a')
    expect(read).toEqual(new Uint8Array(2))
    ;(read as Uint8Array)[0] = 8
    expect(store.view.get('a')).toEqual(new Uint8Array(2))
  })

  for (const caching of [false, true]) {
    it(`answers like Kafka's (caching ${caching})`, async () => {
      const store = await hostedStore<KeyValueStore<string, string>>(any(keyValueStore('s', { ...serdes, caching })))
      const { view } = store
      const all = (rows: Iterable<{ key: string; value: string }>): string =>
        [...rows].map((row) => `${row.key}=${row.value}`).join()
      for (const [i, key] of ['a', 'b', 'c'].entries()) {
        store.at(i)
        view.put(key, `${i + 1}`)
        await store.commit()
      }
      expect(view.get('a')).toBe('1')
      expect(view.get('z')).toBe(null)
      expect(view.putIfAbsent('a', '9')).toBe('1')
      expect(store.at(6).view.putIfAbsent('d', '4')).toBe(null)
      expect(all(view.range('a', 'c'))).toBe('a=1,b=2,c=3')
      expect(all(view.range('b', null))).toBe('b=2,c=3,d=4')
      expect(all(view.range(null, 'b'))).toBe('a=1,b=2')
      expect(all(view.reverseRange('a', 'c'))).toBe('c=3,b=2,a=1')
      expect(all(view.reverseAll())).toBe('d=4,c=3,b=2,a=1')
      expect(all(view.range('c', 'a'))).toBe('')
      await store.commit()
      expect(store.at(13).view.delete('b')).toBe('2')
      await store.commit()
      expect(store.at(14).view.delete('b')).toBe(null)
      await store.commit()
      expect(all(view.all())).toBe('a=1,c=3,d=4')
      expect(logged(store as never)).toEqual([
        ['a', '1', 0],
        ['b', '2', 1],
        ['c', '3', 2],
        ['d', '4', 6],
        ['b', null, 13],
        ['b', null, 14],
      ])
    })
  }

  it('writes the time of the value to the changelog of a timestamped store', async () => {
    const store = await hostedStore<KeyValueStore<string, ValueAndTimestamp<string>>>(
      any(timestampedKeyValueStore('s', serdes)),
    )
    store.at(50).view.put('a', { value: 'x', timestampMs: 7 })
    expect(store.view.get('a')).toEqual({ value: 'x', timestampMs: 7 })
    await store.commit()
    await store.rollback()
    expect(store.view.get('a')).toEqual({ value: 'x', timestampMs: 7 })
    store.at(60).view.put('a', null)
    expect(logged(store as never)).toEqual([
      ['a', 'x', 7],
      ['a', null, 60],
    ])
  })

  it('keeps headers, and deletes with those of the current record', async () => {
    const store = await hostedStore<KeyValueStore<string, ValueTimestampHeaders<string>>>(
      any(headersKeyValueStore('s', serdes)),
    )
    const one = [
      { key: 'h', value: Uint8Array.of(1) },
      { key: 'n', value: null },
    ]
    store.at(1).view.put('a', { value: 'x', timestampMs: 7, headers: one })
    await store.commit()
    await store.rollback()
    expect(store.view.get('a')).toEqual({ value: 'x', timestampMs: 7, headers: one })
    const two = [{ key: 'd', value: null }]
    store.at(9, two).view.delete('a')
    expect(store.changelog.map((r) => r.headers)).toEqual([one, two])
  })

  it('tells the listener of each changed key once, in the order of the last put', async () => {
    const store = await hostedStore<KeyValueStore<string, ValueAndTimestamp<number>>>(
      timestampedKeyValueStore('s', { key: string(), value: int64(), caching: true }) as never,
    )
    const heard: unknown[] = []
    const listen = (...args: unknown[]): void => {
      heard.push([args[0], args[1], args[2], args[3], store.current.timestampMs])
    }
    expect(store.live.setFlushListener(listen as never, true)).toBe(true)
    store.at(1).view.put('a', { value: 1, timestampMs: 1 })
    store.at(2).view.put('b', { value: 1, timestampMs: 2 })
    store.at(3).view.put('a', { value: 2, timestampMs: 3 })
    store.at(4).view.put('gone', { value: 2, timestampMs: 3 })
    store.at(4).view.put('gone', null)
    await store.commit()
    store.at(5).view.put('a', { value: 3, timestampMs: 5 })
    await store.commit()
    expect(heard).toEqual([
      ['b', { value: 1, timestampMs: 2 }, null, 2, 2],
      ['a', { value: 2, timestampMs: 3 }, null, 3, 3],
      ['a', { value: 3, timestampMs: 5 }, { value: 2, timestampMs: 3 }, 5, 5],
    ])
    expect(store.changelog.length).toBe(3)
    expect(store.current.timestampMs).toBe(5)
  })

  it('forgets the key used longest ago (LRU), with a tombstone before the new record', async () => {
    const store = await hostedStore<KeyValueStore<string, string>>(any(lruStore('s', { ...serdes, entriesMax: 2 })))
    store.at(0).view.put('a', '1')
    store.at(1).view.put('b', '2')
    expect(store.at(2).view.get('a')).toBe('1')
    store.at(3).view.put('c', '3')
    expect(store.view.get('b')).toBe(null)
    expect(store.view.get('a')).toBe('1')
    expect(logged(store as never)).toEqual([
      ['a', '1', 0],
      ['b', '2', 1],
      ['b', null, 3],
      ['c', '3', 3],
    ])
    await store.commit()
    await store.rollback()
    expect([...store.view.all()].map((row) => row.key)).toEqual(['a', 'c'])
  })

  it('refuses null keys and use after close', async () => {
    const store = await hostedStore<KeyValueStore<string, string>>(any(keyValueStore('s', serdes)))
    expect(() => store.view.put(null as never, 'x')).toThrow(expect.objectContaining({ code: 'MR_STORE_NULL_KEY' }))
    store.live.close()
    expect(() => store.view.get('x')).toThrow(expect.objectContaining({ code: 'MR_STORE_CLOSED' }))
  })

  for (const seed of [1, 2, 3]) {
    for (const caching of [false, true]) {
      for (const type of ['disk', 'memory'] as const) {
        it(`agrees with a map over random operations (seed ${seed}, caching ${caching}, ${type})`, async () => {
          await fuzz(seed, caching, type)
        })
      }
    }
  }
})

/** Puts, deletes, reads, ranges, commits, rollbacks and a restore from its own changelog, against two maps. */
async function fuzz(seed: number, caching: boolean, type: 'disk' | 'memory'): Promise<void> {
  const random = new SeededRandom(seed)
  const definition = any(keyValueStore('s', { ...serdes, caching, type }))
  const store = await hostedStore<KeyValueStore<string, string>>(definition, { cleanRowsMax: 8 })
  let now = new Map<string, string>()
  let committed = new Map<string, string>()
  let committedRecords = 0
  const key = (): string => `k${random.between(0, 29)}`
  const sorted = (): string[] => [...now.keys()].sort().map((k) => `${k}=${now.get(k)}`)
  for (let step = 0; step < 2_000; step++) {
    const k = key()
    const what = random.between(0, 99)
    if (what < 40) {
      store.view.put(k, `${step}`)
      now.set(k, `${step}`)
    } else if (what < 55) {
      expect(store.view.delete(k)).toBe(now.get(k) ?? null)
      now.delete(k)
    } else if (what < 80) {
      expect(store.view.get(k), `seed ${seed} step ${step}`).toBe(now.get(k) ?? null)
    } else if (what < 90) {
      const rows = [...store.view.all()].map((row) => `${row.key}=${row.value}`)
      expect(rows, `seed ${seed} step ${step}`).toEqual(sorted())
    } else if (what < 93) {
      store.live.flush()
    } else if (what < 97) {
      await store.commit()
      committed = new Map(now)
      committedRecords = store.changelog.length
      expect(store.pinnedBytes).toBe(0)
    } else if (what < 99) {
      await store.rollback()
      store.changelog.length = committedRecords
      now = new Map(committed)
      expect(store.pinnedBytes).toBe(0)
    }
  }
  await store.commit()
  const copy = await hostedStore<KeyValueStore<string, string>>(definition)
  copy.live.restore(store.changelogRecords())
  expect([...copy.view.all()]).toEqual([...store.view.all()])
}
