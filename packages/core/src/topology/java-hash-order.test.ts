/** Orders that follow from Java's collections; literal orders were printed by Kafka's describe(). */
import { describe, expect, it } from 'vitest'
import { InsertionSortedSet } from './insertion-sorted-set.ts'
import { inHashOrder, inHashOrderOfCopy, javaHash } from './java-hash-order.ts'

describe('hash order', () => {
  it('hashes texts as Java does', () => {
    expect(javaHash('')).toBe(0)
    expect(javaHash('abc')).toBe(96354)
    expect(javaHash('hello')).toBe(99162322)
    expect(javaHash('Hello, World!')).toBe(1498789909)
    expect(javaHash('😀')).toBe(1772899)
  })

  it('lists stores as Kafka printed them', () => {
    expect(inHashOrder(['st-this-join-store', 'st-left-shared-join-store'])).toEqual([
      'st-left-shared-join-store',
      'st-this-join-store',
    ])
    expect(inHashOrder(['st-outer-other-join-store', 'st-left-shared-join-store'])).toEqual([
      'st-outer-other-join-store',
      'st-left-shared-join-store',
    ])
  })

  it('has more buckets for a copied set of twelve', () => {
    const topics = [
      't0-0BB',
      't0-1Aa',
      't0-2BB',
      't0-3',
      't0-4Aa',
      't0-5',
      't0-6',
      't0-7',
      't0-8Aa',
      't0-9',
      't0-10',
      't0-11BB',
    ]
    const printed = 't0-4Aa, t0-10, t0-2BB, t0-1Aa, t0-8Aa, t0-6, t0-5, t0-7, t0-0BB, t0-3, t0-9, t0-11BB'
    expect(inHashOrderOfCopy(topics).join(', ')).toBe(printed)
    expect(inHashOrder(topics).join(', ')).not.toBe(printed)
    expect(inHashOrderOfCopy(topics.slice(0, 11))).toEqual(inHashOrder(topics.slice(0, 11)))
  })

  it('keeps the given order inside a bucket, and lists equal texts once', () => {
    expect(javaHash('Aa')).toBe(javaHash('BB'))
    expect(inHashOrder(['BB', 'Aa', 'BB'])).toEqual(['BB', 'Aa'])
    expect(inHashOrder(['Aa', 'BB'])).toEqual(['Aa', 'BB'])
  })
})

describe('a set sorted at insertion', () => {
  it('is sorted when the keys stay, for every order of insertion (seed 11)', () => {
    let seed = 11
    const next = (limit: number): number => (seed = (seed * 48271) % 2147483647) % limit
    for (let round = 0; round < 200; round++) {
      const values = Array.from({ length: next(40) }, () => next(60))
      const set = new InsertionSortedSet<number>((a, b) => a - b)
      for (const value of values) set.add(value)
      expect([...set]).toEqual([...new Set(values)].toSorted((a, b) => a - b))
    }
  })

  it('does not move what it holds when a key changes later, and looks for a place from the root', () => {
    const [a, b, c] = [{ size: 1 }, { size: 2 }, { size: 3 }]
    const set = new InsertionSortedSet<{ size: number }>((x, y) => y.size - x.size)
    set.add(a)
    set.add(b)
    a.size = 9
    set.add(c)
    expect([...set].map(({ size }) => size)).toEqual([2, 9, 3])
  })
})
