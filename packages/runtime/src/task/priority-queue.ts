/**
 * A binary heap by one number, which breaks ties exactly as java.util.PriorityQueue does: which of several inputs with
 * equal head times comes next, and which of several punctuations due at one time is called first, must be what Kafka
 * Streams does.
 */

/** What lies in the queue; `order` must not change while it does. */
export interface Prioritised {
  readonly order: number
}

export class PriorityQueue<T extends Prioritised> {
  private readonly heap: T[] = []

  get size(): number {
    return this.heap.length
  }

  /** The item with the lowest order; undefined when empty. */
  peek(): T | undefined {
    return this.heap[0]
  }

  add(item: T): void {
    const heap = this.heap
    let at = heap.length
    heap.push(item)
    while (at > 0) {
      const parentAt = (at - 1) >>> 1
      const parent = heap[parentAt] as T
      if (item.order >= parent.order) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = item
  }

  /** Takes the item with the lowest order. */
  poll(): T | undefined {
    const heap = this.heap
    const lowest = heap[0]
    const last = heap.pop()
    if (heap.length > 0 && last !== undefined) this.siftDown(last)
    return lowest
  }

  clear(): void {
    this.heap.length = 0
  }

  /** Puts an item at the root and moves it down; the right child goes up only if it is strictly smaller. */
  private siftDown(item: T): void {
    const heap = this.heap
    const size = heap.length
    const half = size >>> 1
    let at = 0
    while (at < half) {
      let childAt = 2 * at + 1
      let child = heap[childAt] as T
      const right = childAt + 1
      if (right < size && child.order > (heap[right] as T).order) {
        childAt = right
        child = heap[right] as T
      }
      if (item.order <= child.order) break
      heap[at] = child
      at = childAt
    }
    heap[at] = item
  }
}
