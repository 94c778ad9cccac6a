/**
 * What every store engine must do, whatever it is made of. Run it against an implementation from a vitest file:
 *
 * @example
 * storeEngineContract('level', async () => ({ provider: levelStores({ directory }), dispose: () => rm(directory) }))
 */
import type { EngineEntry, EngineOperation, StoreEngine, StoreEngineProvider } from '@millrace/core/port'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SeededRandom } from '../simulation/seeded-random.ts'

/** A fresh, empty provider and what to do with its remains. */
export interface EngineUnderTest {
  readonly provider: StoreEngineProvider
  dispose?(): Promise<void>
}

const bytes = (...codes: number[]): Uint8Array => Uint8Array.from(codes)
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value))
const put = (key: string, value: string): EngineOperation => ({ key: text(key), value: text(value) })
const remove = (key: string): EngineOperation => ({ key: text(key), value: null })
const shown = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString()
const show = (entry: EngineEntry): string => `${shown(entry.key)}=${shown(entry.value)}`

async function collect(rows: AsyncIterable<EngineEntry>): Promise<string[]> {
  const found: string[] = []
  for await (const row of rows) found.push(show(row))
  return found
}

/** Runs the suite against the engines of `make`. */
export function storeEngineContract(name: string, make: () => Promise<EngineUnderTest>): void {
  describe(`store engine contract: ${name}`, () => {
    let under: EngineUnderTest
    let engine: StoreEngine

    beforeEach(async () => {
      under = await make()
      engine = await under.provider.open('0_0')
    })
    afterEach(async () => {
      await engine.close()
      await under.provider.close()
      await under.dispose?.()
    })

    describePoints(() => engine)
    describeRanges(() => engine)
    describeBulk(() => engine)
    describeLife(
      () => under.provider,
      () => engine,
    )
  })
}

function describePoints(engineOf: () => StoreEngine): void {
  it('reads what was written, and undefined for what was not', async () => {
    const engine = engineOf()
    await engine.write([put('a', '1'), put('b', ''), { key: bytes(0, 255), value: bytes(0) }])
    expect(shown(engine.getSync(text('a')))).toBe('1')
    expect(engine.getSync(text('b'))?.length).toBe(0)
    expect(engine.getSync(bytes(0, 255))).toEqual(bytes(0))
    expect(engine.getSync(text('c'))).toBe(undefined)
    expect(engine.getSync(bytes())).toBe(undefined)
  })

  it('applies the operations of a batch in their order', async () => {
    const engine = engineOf()
    await engine.write([put('a', '1'), remove('a'), put('b', '1'), put('b', '2'), remove('c')])
    expect(engine.getSync(text('a'))).toBe(undefined)
    expect(shown(engine.getSync(text('b')))).toBe('2')
    await engine.write([remove('b')])
    expect(engine.getSync(text('b'))).toBe(undefined)
    await engine.write([])
  })

  it('answers many keys in the order asked, absent ones as undefined', async () => {
    const engine = engineOf()
    await engine.write([put('a', '1'), put('c', '3')])
    const values = await engine.getMany([text('c'), text('b'), text('a'), text('c')])
    expect(values.map(shown)).toEqual(['3', undefined, '1', '3'])
  })

  it('hands out arrays that later writes do not change, of the plain type', async () => {
    const engine = engineOf()
    await engine.write([put('a', '1')])
    const value = engine.getSync(text('a')) as Uint8Array
    await engine.write([put('a', '2')])
    expect(shown(value)).toBe('1')
    expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
  })
}

function describeRanges(engineOf: () => StoreEngine): void {
  it('orders keys as unsigned bytes, a prefix first', async () => {
    const engine = engineOf()
    const keys = [bytes(255), bytes(0), bytes(), bytes(127), bytes(128), bytes(0, 0), bytes(127, 255)].filter(
      (key) => key.length > 0,
    )
    await engine.write(keys.map((key) => ({ key, value: bytes(1) })))
    const found: number[][] = []
    for await (const row of engine.range({})) found.push([...row.key])
    expect(found).toEqual([[0], [0, 0], [127], [127, 255], [128], [255]])
    expect([...engine.rangeSync({})].map((row) => [...row.key])).toEqual(found)
  })

  it('reads ranges from gte (inclusive) to lt (exclusive), both ways, with a limit', async () => {
    const engine = engineOf()
    await engine.write(['a', 'b', 'c', 'd'].map((key) => put(key, key.toUpperCase())))
    const cases = [
      [{ gte: text('b'), lt: text('d') }, ['b=B', 'c=C']],
      [{ gte: text('b'), lt: text('d'), reverse: true }, ['c=C', 'b=B']],
      [{ gte: text('bb') }, ['c=C', 'd=D']],
      [{ lt: text('b') }, ['a=A']],
      [{ limit: 2 }, ['a=A', 'b=B']],
      [{ limit: 1, reverse: true }, ['d=D']],
      [{ gte: text('x') }, []],
      [{ gte: text('c'), lt: text('b') }, []],
    ] as const
    for (const [range, expected] of cases) {
      expect(await collect(engine.range(range))).toEqual(expected)
      expect([...engine.rangeSync(range)].map(show)).toEqual(expected)
    }
  })

  it('reads long ranges, blocking or not, and stops when the reader does', async () => {
    const engine = engineOf()
    const keys = Array.from({ length: 3_000 }, (_, i) => String(i).padStart(5, '0'))
    await engine.write(keys.map((key) => put(key, key)))
    expect([...engine.rangeSync({})].map((row) => shown(row.key))).toEqual(keys)
    expect([...engine.rangeSync({ reverse: true })].map((row) => shown(row.key))).toEqual(keys.toReversed())
    expect((await collect(engine.range({}))).length).toBe(3_000)
    for (const row of engine.rangeSync({ gte: text('01500') })) {
      expect(shown(row.key)).toBe('01500')
      break
    }
    for await (const row of engine.range({ gte: text('01500') })) {
      expect(shown(row.key)).toBe('01500')
      break
    }
    await engine.write([put('99999', 'x')])
    expect([...engine.rangeSync({ gte: text('02999') })].map((row) => shown(row.key))).toEqual(['02999', '99999'])
  })
}

function describeBulk(engineOf: () => StoreEngine): void {
  it('freezes what a snapshot sees', async () => {
    const engine = engineOf()
    if (!engine.supports.snapshots) return
    await engine.write([put('a', '1'), put('b', '1')])
    {
      await using snapshot = engine.snapshot()
      await engine.write([put('a', '2'), remove('b'), put('c', '2')])
      expect(shown(await snapshot.get(text('a')))).toBe('1')
      expect(await snapshot.get(text('c'))).toBe(undefined)
      expect(await collect(snapshot.range({}))).toEqual(['a=1', 'b=1'])
      expect(await collect(snapshot.range({ reverse: true, limit: 1 }))).toEqual(['b=1'])
    }
    expect(await collect(engine.range({}))).toEqual(['a=2', 'c=2'])
  })

  it('clears a range and nothing else', async () => {
    const engine = engineOf()
    await engine.write(['a', 'b', 'c', 'd'].map((key) => put(key, key)))
    await engine.clear({ gte: text('b'), lt: text('d') })
    await engine.compact({ gte: text('b'), lt: text('d') })
    expect(await collect(engine.range({}))).toEqual(['a=a', 'd=d'])
    await engine.clear({})
    await engine.compact({})
    expect(await collect(engine.range({}))).toEqual([])
  })

  for (const seed of [11, 12]) {
    it(`agrees with a sorted map over random batches (seed ${seed})`, async () => {
      const engine = engineOf()
      const random = new SeededRandom(seed)
      const model = new Map<string, string>()
      for (let round = 0; round < 40; round++) {
        const batch: EngineOperation[] = []
        for (let i = random.between(0, 30); i > 0; i--) {
          const key = random.pick(['k', 'kk', 'z']) + random.between(0, 40)
          if (random.chance(0.3)) {
            batch.push(remove(key))
            model.delete(key)
          } else {
            batch.push(put(key, `${round}`))
            model.set(key, `${round}`)
          }
        }
        await engine.write(batch)
        const expected = [...model.keys()].sort().map((key) => `${key}=${model.get(key)}`)
        expect([...engine.rangeSync({})].map(show), `seed ${seed} round ${round}`).toEqual(expected)
        for (const key of ['k1', 'kk2', 'z3']) expect(shown(engine.getSync(text(key)))).toBe(model.get(key))
      }
    })
  }
}

function describeLife(providerOf: () => StoreEngineProvider, engineOf: () => StoreEngine): void {
  it('keeps rows over close and open, and loses them with destroy', async () => {
    const provider = providerOf()
    const engine = await provider.open('0_1')
    await engine.write([put('a', '1')], { sync: true })
    await engine.close()
    await engine.close()
    const again = await provider.open('0_1')
    expect(shown(again.getSync(text('a')))).toBe('1')
    await again.close()
    expect(await provider.list()).toContain('0_1')
    await provider.destroy('0_1')
    expect(await provider.list()).not.toContain('0_1')
    const empty = await provider.open('0_1')
    expect(empty.getSync(text('a'))).toBe(undefined)
    await empty.close()
  })

  it('keeps the engines of a provider apart', async () => {
    const provider = providerOf()
    const other = await provider.open('0_2')
    await engineOf().write([put('a', '1')])
    expect(other.getSync(text('a'))).toBe(undefined)
    await other.close()
  })

  it('refuses to open an engine twice at once', async () => {
    await expect(providerOf().open('0_0')).rejects.toMatchObject({ code: 'MR_STORE_LOCKED' })
  })

  it('refuses work after close', async () => {
    const engine = await providerOf().open('0_3')
    await engine.close()
    expect(() => engine.getSync(text('a'))).toThrow(expect.objectContaining({ code: 'MR_STORE_CLOSED' }))
    await expect(engine.write([put('a', '1')])).rejects.toMatchObject({ code: 'MR_STORE_CLOSED' })
    await expect(collect(engine.range({}))).rejects.toMatchObject({ code: 'MR_STORE_CLOSED' })
    expect(() => [...engine.rangeSync({})]).toThrow(expect.objectContaining({ code: 'MR_STORE_CLOSED' }))
  })

  it('says what it holds', async () => {
    const engine = engineOf()
    await engine.write([put('a', '1')])
    const { rows, diskBytes } = engine.stats()
    expect(rows === -1 || rows === 1).toBe(true)
    expect(diskBytes).toBeGreaterThanOrEqual(0)
  })
}
