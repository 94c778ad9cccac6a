/** Packed rows: what is found is what was put last, held rows are never forgotten, memory stays within its limit. */
import { describe, expect, it } from 'vitest'
import { hashText } from './key-bytes.ts'
import { type PackedKey, PackedRows } from './packed-rows.ts'
import { ReadBudget } from './read-budget.ts'

/** Small generator of repeatable numbers (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const keyOf = (text: string): PackedKey => ({ key: text, hash: hashText(text) })
const valueOf = (step: number, length: number): Uint8Array => new Uint8Array(length).map((_, i) => step + i)

describe('packed rows', () => {
  it.each([0, 2_000, 20_000, 10_000_000])('agree with a map within %i bytes', (bytesMax) => {
    for (let seed = 1; seed <= 3; seed++) {
      const below = numbers(seed)
      const rows = new PackedRows(bytesMax)
      rows.isComplete = true
      const model = new Map<string, Uint8Array>()
      for (let step = 0; step < 2_500; step++) {
        const row = keyOf(`k${below(600)}`)
        if (below(10) === 0) {
          rows.remove(row)
          model.delete(row.key)
        } else {
          const value = valueOf(step, below(50) === 0 ? 90 + below(900) : below(70))
          rows.put(row, value)
          model.set(row.key, value)
        }
        const asked = keyOf(`k${below(600)}`)
        const place = rows.find(asked)
        const expected = model.get(asked.key)
        if (place >= 0) expect(rows.value(place), `seed ${seed} step ${step}`).toEqual(expected)
        else expect(rows.isComplete && expected !== undefined, `seed ${seed} step ${step}`).toBe(false)
      }
      expect(rows.bytes).toBeLessThanOrEqual(Math.max(bytesMax, 20_000))
      expect(rows.isComplete).toBe(bytesMax === 10_000_000)
    }
  })

  it('forget no row that is held, whatever its size, and return to the limit when none is', () => {
    const rows = new PackedRows(8_000)
    const held = new Map<string, Uint8Array>()
    for (let i = 0; i < 500; i++) {
      const row = keyOf(`held ${i}`)
      const value = valueOf(i, i === 250 ? 3_000 : 40)
      const place = rows.reserve(row, value.length, -1)
      rows.write(place, value, null)
      rows.setFlags(place, 1)
      rows.held++
      held.set(row.key, value)
      rows.put(keyOf(`clean ${i}`), value)
    }
    for (const [key, value] of held) {
      const place = rows.find(keyOf(key))
      expect(rows.value(place)).toEqual(value)
      expect([rows.flagsAt(place), rows.keyAt(place)]).toEqual([1, key])
      rows.setFlags(place, 0)
    }
    rows.held = 0
    rows.trim()
    expect(rows.bytes).toBeLessThanOrEqual(8_000 + 1_024)
  })

  it('carry rows over while most of the memory is taken by rows that have moved', () => {
    const rows = new PackedRows(200_000)
    rows.isComplete = true
    for (let i = 0; i < 300; i++) rows.put(keyOf(`k${i}`), valueOf(i, 20))
    for (let size = 24; size < 400; size += 8) rows.put(keyOf('growing'), valueOf(size, size))
    for (let round = 0; round < 400; round++) rows.put(keyOf(`wide${round % 20}`), valueOf(round, 100 + round))
    expect(rows.isComplete).toBe(true)
    for (let i = 0; i < 300; i++) expect(rows.value(rows.find(keyOf(`k${i}`)))).toEqual(valueOf(i, 20))
    expect(rows.bytes).toBeLessThanOrEqual(200_000)
  })
})

describe('the memory for reads', () => {
  it('is shared by the stores that are open', () => {
    const budget = new ReadBudget(1_000)
    expect(budget.share).toBe(1_000)
    budget.join()
    budget.join()
    expect(budget.share).toBe(500)
    budget.leave()
    expect(budget.share).toBe(1_000)
  })
})
