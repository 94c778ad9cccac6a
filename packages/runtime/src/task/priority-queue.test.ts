import { describe, expect, it } from 'vitest'
import { PriorityQueue } from './priority-queue.ts'

const item = (name: string, order: number) => ({ name, order })
type Item = ReturnType<typeof item>

function drain(queue: PriorityQueue<Item>): string[] {
  const names: string[] = []
  for (let next = queue.poll(); next !== undefined; next = queue.poll()) names.push(next.name)
  return names
}

describe('PriorityQueue', () => {
  it('gives items in the order of their numbers', () => {
    const queue = new PriorityQueue<Item>()
    for (const order of [5, 1, 4, 1.5, 9, -1, 0]) queue.add(item(String(order), order))
    expect(drain(queue)).toEqual(['-1', '0', '1', '1.5', '4', '5', '9'])
  })

  it('breaks ties as java.util.PriorityQueue does (five equal items added in order come out 0, 4, 3, 2, 1)', () => {
    const queue = new PriorityQueue<Item>()
    for (const name of ['0', '1', '2', '3', '4']) queue.add(item(name, 7))
    expect(drain(queue)).toEqual(['0', '4', '3', '2', '1'])
  })

  it('puts an item that is added again behind equal ones as Java does', () => {
    const queue = new PriorityQueue<Item>()
    for (const name of ['a', 'b', 'c']) queue.add(item(name, 1))
    const first = queue.poll() as Item
    queue.add(first)
    expect(drain(queue)).toEqual(['c', 'a', 'b'])
  })

  it('keeps the heap order against a sorted list (seeded)', () => {
    let seed = 42
    const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648)
    const queue = new PriorityQueue<Item>()
    const orders: number[] = []
    for (let i = 0; i < 500; i++) {
      const order = next() % 50
      orders.push(order)
      queue.add(item('', order))
    }
    const polled: number[] = []
    for (let each = queue.poll(); each !== undefined; each = queue.poll()) polled.push(each.order)
    expect(polled).toEqual(orders.toSorted((a, b) => a - b))
  })
})
