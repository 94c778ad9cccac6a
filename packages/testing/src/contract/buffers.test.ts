/** The three buffers: Kafka's bytes, order and limits, and that nothing is lost over commit, rollback and restore. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BufferedContext,
  type JoinBuffer,
  type OuterJoinBuffer,
  type StoreDefinition,
  string,
  type SuppressBuffer,
} from '@millrace/core'
import { change } from '@millrace/core/internal'
import { describe, expect, it } from 'vitest'
import { hex } from '../conformance/text.ts'
import { SeededRandom } from '../simulation/seeded-random.ts'
import { type HostedStore, hostedStore } from './hosted-store.ts'

const definition = (kind: StoreDefinition['kind'], more: object = {}): StoreDefinition<never, never> =>
  ({
    kind,
    name: 'buffer',
    key: string(),
    value: string(),
    otherValue: string(),
    type: 'memory',
    caching: false,
    logging: true,
    ...more,
  }) as unknown as StoreDefinition<never, never>

const context = (timestampMs: number, offset: number): BufferedContext => ({
  timestampMs,
  offset,
  topic: 'in',
  partition: 0,
  headers: [],
})
const vectors = join(import.meta.dirname, '../../../../test/conformance/streams')
const logged = (store: HostedStore<never>): unknown[] =>
  store.changelog.map((r) => [hex(r.key), r.value === null ? null : hex(r.value), r.timestampMs])

interface VectorRecord {
  readonly step: number
  readonly key: string | null
  readonly value: string | null
  readonly keyHex?: string
  readonly valueHex?: string
  readonly ts: number
}
interface TableVector {
  readonly topology: readonly { readonly ms: number; readonly maxRecords?: number; readonly maxBytes?: number }[]
  readonly steps: readonly { readonly pipe: { key: string; value: string | null; ts: number } }[]
  readonly expect: { readonly output: Record<string, VectorRecord[]> }
}

const tableVectors = [
  '021-time-limit-zero',
  '022-time-limit',
  '023-time-limit-long',
  '024-time-limit-tombstone',
  '025-time-limit-max-records',
  '026-time-limit-max-bytes',
  '033-time-limit-late',
]

describe('suppress buffer', () => {
  for (const name of tableVectors) {
    it(`releases and logs as Kafka does (${name})`, async () => {
      const vector = JSON.parse(readFileSync(join(vectors, 'suppress', `${name}.json`), 'utf8')) as TableVector
      const limits = vector.topology[1] as TableVector['topology'][number]
      const store = await hostedStore<SuppressBuffer<string, string>>(definition('suppress-buffer'))
      const { view } = store
      const table = new Map<string, string | null>()
      const out: unknown[] = []
      let streamMs = -1
      for (const [step, { pipe }] of vector.steps.entries()) {
        const old = table.get(pipe.key) ?? null
        table.set(pipe.key, pipe.value)
        streamMs = Math.max(streamMs, pipe.ts)
        if (pipe.value === null && old === null) continue
        view.put(pipe.ts, pipe.key, change(pipe.value, old), context(pipe.ts, step))
        const emit = (update: { key: string; change: { newValue: string | null }; context: BufferedContext }): void => {
          out.push([step, update.key, update.change.newValue, update.context.timestampMs])
        }
        view.evictWhile(() => view.minTimeMs <= streamMs - limits.ms, emit)
        const { maxRecords = Infinity, maxBytes = Infinity } = limits
        view.evictWhile(() => view.recordCount > maxRecords || view.byteCount > maxBytes, emit)
        await store.commit()
      }
      const expected = vector.expect.output
      expect(out).toEqual((expected['out'] ?? []).map((r) => [r.step, r.key, r.value, r.ts]))
      const changelog = Object.entries(expected).find(([topic]) => topic.includes('SUPPRESS'))?.[1] ?? []
      expect(logged(store as never)).toEqual(
        changelog.map((r) => [r.keyHex ?? Buffer.from(r.key ?? '').toString('hex'), r.valueHex ?? null, r.ts]),
      )
      for (const r of store.changelog) expect(r.headers.length).toBe(r.value === null ? 0 : 1)
    })
  }

  it('keeps the entry whose release failed', async () => {
    const { view } = await hostedStore<SuppressBuffer<string, string>>(definition('suppress-buffer'))
    view.put(1, 'a', change<string>('1', null), context(1, 0))
    const fail = (): never => {
      throw new Error('downstream')
    }
    expect(() => view.evictWhile(() => true, fail)).toThrow('downstream')
    expect([view.recordCount, view.minTimeMs]).toEqual([1, 1])
    expect(view.priorValue('a')).toBe(null)
    expect(view.priorValue('b')).toBe(undefined)
  })

  it('writes the end of an unlimited window as Long.MAX_VALUE and reads it back', async () => {
    const store = await hostedStore<SuppressBuffer<string, string>>(definition('suppress-buffer'))
    store.view.put(2 ** 63, 'a', change<string>('1', null), context(1, 0))
    await store.commit()
    expect(hex(store.changelog[0]?.value as Uint8Array).slice(-16)).toBe('7fffffffffffffff')
    await store.rollback()
    expect(store.view.minTimeMs).toBe(2 ** 63)
  })

  for (const seed of [21, 22, 23]) {
    it(`is the same after rollback and restore (seed ${seed})`, async () => {
      const random = new SeededRandom(seed)
      const store = await hostedStore<SuppressBuffer<string, string>>(definition('suppress-buffer'))
      let committed = 0
      const describeAll = (buffer: HostedStore<SuppressBuffer<string, string>>): string => {
        const { recordCount, byteCount, minTimeMs } = buffer.view
        return `${recordCount} ${byteCount} ${minTimeMs}`
      }
      let state = describeAll(store)
      for (let step = 0; step < 600; step++) {
        const key = `k${random.between(0, 15)}`
        const what = random.next()
        if (what < 0.7) {
          const value = random.chance(0.1) ? null : `${step}`
          store.view.put(random.between(0, 50), key, change<string>(value, `${step - 1}`), context(step, step))
        } else if (what < 0.88)
          store.view.evictWhile(
            () => store.view.recordCount > 8,
            () => undefined,
          )
        else if (what < 0.96) {
          await store.commit()
          committed = store.changelog.length
          state = describeAll(store)
          expect(store.pinnedBytes).toBe(0)
        } else {
          await store.rollback()
          store.changelog.length = committed
          expect(describeAll(store), `seed ${seed} step ${step}`).toBe(state)
          expect(store.pinnedBytes).toBe(0)
        }
      }
      await store.commit()
      const copy = await hostedStore<SuppressBuffer<string, string>>(definition('suppress-buffer'))
      copy.live.restore(store.changelogRecords())
      expect(describeAll(copy)).toBe(describeAll(store))
      const drained = [store, copy].map((buffer) => {
        const updates: unknown[] = []
        buffer.view.evictWhile(
          () => true,
          (update) => updates.push(update),
        )
        return updates
      })
      expect(drained[1]).toEqual(drained[0])
    })
  }
})

describe('join buffer', () => {
  it('holds records until stream time minus grace, in time order, and logs as Kafka does', async () => {
    const vector = JSON.parse(
      readFileSync(join(vectors, 'stream-table-join', '024-grace-out-of-order.json'), 'utf8'),
    ) as { steps: { pipe: { topic: string; key: string; value: string; ts: number } }[]; expect: TableVector['expect'] }
    const store = await hostedStore<JoinBuffer<string, string>>(definition('join-buffer', { retentionMs: 10 }))
    const out: unknown[] = []
    let offset = 0
    for (const [step, { pipe }] of vector.steps.entries()) {
      if (pipe.topic !== 'in') continue
      const origin = context(pipe.ts, offset++)
      if (!store.view.put(pipe.key, pipe.value, origin)) out.push([step, `${pipe.value}|A`, pipe.ts])
      store.view.evict((one) => out.push([step, `${one.value}|A`, one.context.timestampMs]))
      await store.commit()
    }
    expect(out).toEqual(vector.expect.output['out']?.map((r) => [r.step, r.value, r.ts]))
    expect(logged(store as never)).toEqual(
      vector.expect.output['app-gj-Buffer-changelog']?.map((r) => [r.keyHex, r.valueHex ?? null, r.ts]),
    )
    const copy = await hostedStore<JoinBuffer<string, string>>(definition('join-buffer', { retentionMs: 10 }))
    copy.live.restore(store.changelogRecords())
    await store.rollback()
    expect([copy.view.recordCount, store.view.recordCount]).toEqual([1, 1])
    expect(store.view.put('a', 'late', context(29, 9))).toBe(false)
  })
})

describe('outer join buffer', () => {
  const open = (): Promise<HostedStore<OuterJoinBuffer<string, string, string>>> =>
    hostedStore(definition('outer-join-buffer'))
  const shown = (buffer: OuterJoinBuffer<string, string, string>): string[] =>
    [...buffer.all()].map((r) => `${r.timestampMs} ${r.side} ${r.key}=${r.value}`)

  it('orders by time, right before left, key, and keeps several values of one place', async () => {
    const store = await open()
    const { view } = store
    store.at(9)
    view.add('left', 'b', 5, '1')
    view.add('left', 'a', 5, '2')
    view.add('right', 'z', 5, '3')
    view.add('left', 'a', 5, '4')
    view.add('left', 'a', 1, '5')
    expect(shown(view)).toEqual(['1 left a=5', '5 right z=3', '5 left a=2', '5 left a=4', '5 left b=1'])
    expect(view.removeIfPresent('left', 'a', 5)).toBe(true)
    expect(view.removeIfPresent('left', 'a', 5)).toBe(false)
    view.remove('right', 'z', 5)
    expect(logged(store as never).slice(-4)).toEqual([
      ['00000000000000050161', '01000000020000000201320000000 20134'.replace(' ', ''), 9],
      ['00000000000000010161', '0100000001000000020135', 9],
      ['00000000000000050161', null, 9],
      ['0000000000000005007a', null, 9],
    ])
    await store.commit()
    await store.rollback()
    expect(shown(view)).toEqual(['1 left a=5', '5 left b=1'])
    const copy = await open()
    copy.live.restore(store.changelogRecords())
    expect(shown(copy.view)).toEqual(shown(view))
  })

  it('may be emptied while it is read', async () => {
    const { view } = await open()
    for (let i = 0; i < 2_000; i++) view.add(i % 2 === 0 ? 'left' : 'right', `k${i % 7}`, i % 100, `${i}`)
    let seen = 0
    let last: readonly ['left' | 'right', string, number] | null = null
    for (const { side, key, timestampMs } of view.all()) {
      seen++
      if (last !== null) view.removeIfPresent(...last)
      last = [side, key, timestampMs]
    }
    expect(seen).toBe(2_000)
    if (last !== null) view.removeIfPresent(...last)
    expect(view.isEmpty).toBe(true)
  })
})
