/**
 * An ordered set of entries by key: an array of sorted arrays of at most 512 entries. Insertion moves at most half a
 * chunk; ranges are plain array walks. Keys are latin-1 text, which compares as unsigned bytes.
 */

const chunkMax = 512

export interface Keyed {
  readonly key: string
}

/** Bounds of a range, both optional: `from` inclusive, `to` exclusive. */
export interface TextRange {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export class SortedChunks<T extends Keyed> {
  size = 0
  private readonly chunks: T[][] = []

  /** Adds the entry, or puts it in the place of the one with its key. */
  insert(entry: T): void {
    const key = entry.key
    const at = this.chunkOf(key)
    const chunk = this.chunks[at]
    if (chunk === undefined) {
      this.chunks.push([entry])
      this.size++
      return
    }
    const place = lowerBound(chunk, key)
    if (chunk[place]?.key === key) {
      chunk[place] = entry
      return
    }
    if (place === chunk.length) chunk.push(entry)
    else chunk.splice(place, 0, entry)
    this.size++
    if (chunk.length > chunkMax) this.split(at, chunk, place)
  }

  get(key: string): T | undefined {
    const chunk = this.chunks[this.chunkOf(key)]
    if (chunk === undefined) return undefined
    const entry = chunk[lowerBound(chunk, key)]
    return entry?.key === key ? entry : undefined
  }

  /** Removes the entry with this key and returns it. */
  remove(key: string): T | undefined {
    const at = this.chunkOf(key)
    const chunk = this.chunks[at]
    if (chunk === undefined) return undefined
    const place = lowerBound(chunk, key)
    const entry = chunk[place]
    if (entry?.key !== key) return undefined
    if (place === 0) chunk.shift()
    else chunk.splice(place, 1)
    if (chunk.length === 0) this.chunks.splice(at, 1)
    this.size--
    return entry
  }

  first(): T | undefined {
    return this.chunks[0]?.[0]
  }

  /** The first entry with a key ≥ (or, with `after`, > ) this one. */
  firstFrom(key: string, after = false): T | undefined {
    for (let at = this.chunkOf(key); at < this.chunks.length; at++) {
      const chunk = this.chunks[at] as T[]
      let place = lowerBound(chunk, key)
      if (after && chunk[place]?.key === key) place++
      if (place < chunk.length) return chunk[place]
    }
    return undefined
  }

  /** Entries of a range as a new array, ascending. */
  slice(range: TextRange): T[] {
    const { from, to } = range
    const out: T[] = []
    for (let at = from === undefined ? 0 : this.chunkOf(from); at < this.chunks.length; at++) {
      const chunk = this.chunks[at] as T[]
      const start = from === undefined ? 0 : lowerBound(chunk, from)
      const end = to === undefined ? chunk.length : lowerBound(chunk, to)
      for (let i = start; i < end; i++) out.push(chunk[i] as T)
      if (end < chunk.length) break
    }
    return out
  }

  clear(): void {
    this.chunks.length = 0
    this.size = 0
  }

  /** Index of the chunk that holds, or would hold, the key. */
  private chunkOf(key: string): number {
    let low = 0
    let high = this.chunks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (((this.chunks[middle] as T[])[0] as T).key <= key) low = middle
      else high = middle - 1
    }
    return Math.max(low, 0)
  }

  /** In-order insertion keeps full chunks; else a chunk is cut in half. */
  private split(at: number, chunk: T[], place: number): void {
    const cut = place === chunk.length - 1 && at === this.chunks.length - 1 ? chunk.length - 1 : chunk.length >> 1
    this.chunks.splice(at + 1, 0, chunk.splice(cut))
  }
}

function lowerBound(chunk: readonly Keyed[], key: string): number {
  let low = 0
  let high = chunk.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((chunk[middle] as Keyed).key < key) low = middle + 1
    else high = middle
  }
  return low
}
