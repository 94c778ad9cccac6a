/**
 * Hash table from key bytes to entries that hold their own key: open addressing, linear probing, backward-shift deletion.
 *
 * A lookup takes the serialized key and its hash and allocates nothing; hashes lie in an Int32Array, so a probe that
 * misses rarely touches an entry.
 */
import { textEqualsBytes } from './key-bytes.ts'

export interface ByteKeyed {
  /** Latin-1 text of the key's bytes. */
  readonly key: string
  readonly hash: number
}

const smallest = 16

export class ByteMap<T extends ByteKeyed> {
  size = 0
  private mask = smallest - 1
  private hashes = new Int32Array(smallest)
  private entries: (T | undefined)[] = empty(smallest)

  find(key: Uint8Array, hash: number): T | undefined {
    const mask = this.mask
    let at = hash & mask
    for (;;) {
      const entry = this.entries[at]
      if (entry === undefined) return undefined
      if (this.hashes[at] === hash && textEqualsBytes(entry.key, key)) return entry
      at = (at + 1) & mask
    }
  }

  findText(key: string, hash: number): T | undefined {
    const mask = this.mask
    let at = hash & mask
    for (;;) {
      const entry = this.entries[at]
      if (entry === undefined) return undefined
      if (this.hashes[at] === hash && entry.key === key) return entry
      at = (at + 1) & mask
    }
  }

  /** Adds an entry whose key is not in the table. */
  insert(entry: T): void {
    if ((this.size + 1) * 3 > (this.mask + 1) * 2) this.resize((this.mask + 1) * 2)
    this.place(entry)
    this.size++
  }

  /** Removes this very entry; false when it is not in the table. */
  remove(entry: T): boolean {
    const { mask, entries, hashes } = this
    let hole = entry.hash & mask
    while (entries[hole] !== entry) {
      if (entries[hole] === undefined) return false
      hole = (hole + 1) & mask
    }
    let at = hole
    for (;;) {
      at = (at + 1) & mask
      const moving = entries[at]
      if (moving === undefined) break
      const home = (hashes[at] as number) & mask
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        entries[hole] = moving
        hashes[hole] = hashes[at] as number
        hole = at
      }
    }
    entries[hole] = undefined
    this.size--
    return true
  }

  clear(): void {
    this.size = 0
    this.mask = smallest - 1
    this.hashes = new Int32Array(smallest)
    this.entries = empty(smallest)
  }

  /** In no particular order; the table must not change meanwhile. */
  *values(): IterableIterator<T> {
    for (const entry of this.entries) if (entry !== undefined) yield entry
  }

  private place(entry: T): void {
    const mask = this.mask
    let at = entry.hash & mask
    while (this.entries[at] !== undefined) at = (at + 1) & mask
    this.entries[at] = entry
    this.hashes[at] = entry.hash
  }

  private resize(capacity: number): void {
    const old = this.entries
    this.mask = capacity - 1
    this.hashes = new Int32Array(capacity)
    this.entries = empty(capacity)
    for (const entry of old) if (entry !== undefined) this.place(entry)
  }
}

function empty<T>(capacity: number): (T | undefined)[] {
  const slots: (T | undefined)[] = []
  for (let i = 0; i < capacity; i++) slots.push(undefined)
  return slots
}
