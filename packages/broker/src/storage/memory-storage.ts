/**
 * Files in memory: a list of chunks that are filled and never moved, so a view stays valid for as long as it is held.
 *
 * Chunks begin small and double, so that a thousand idle partitions cost little and a busy one is read in large pieces.
 */
import type { LogFile, LogStorage } from './log-storage.ts'

const chunkBytesMin = 4 * 1024
const chunkBytesMax = 4 * 1024 * 1024

interface Chunk {
  readonly start: number
  readonly bytes: Uint8Array
  used: number
}

/** Storage that is gone with the process, or with the last reference to it: reopen a broker on it to simulate a restart. */
export class MemoryStorage implements LogStorage {
  readonly persistent: boolean = false
  readonly #files: Map<string, MemoryLogFile> = new Map()

  open(name: string): LogFile {
    const existing = this.#files.get(name)
    if (existing) return existing
    const file = new MemoryLogFile(name)
    this.#files.set(name, file)
    return file
  }

  list(): string[] {
    return [...this.#files.keys()].sort()
  }

  remove(name: string): void {
    this.#files.delete(name)
  }

  rename(from: string, to: string): void {
    const file = this.#files.get(from)
    if (!file) return
    this.#files.delete(from)
    file.name = to
    this.#files.set(to, file)
  }

  close(): void {
    // The files stay: whoever holds this storage may open a broker on it again.
  }
}

class MemoryLogFile implements LogFile {
  name: string
  size: number = 0
  #chunks: Chunk[] = []

  constructor(name: string) {
    this.name = name
  }

  append(bytes: Uint8Array): void {
    let chunk = this.#chunks[this.#chunks.length - 1]
    if (chunk === undefined || chunk.bytes.length - chunk.used < bytes.length) chunk = this.#grow(chunk, bytes.length)
    chunk.bytes.set(bytes, chunk.used)
    chunk.used += bytes.length
    this.size += bytes.length
  }

  view(position: number, lengthMax: number): Uint8Array {
    const chunk = this.#chunkAt(position)
    if (chunk === undefined) return new Uint8Array(0)
    const from = position - chunk.start
    return chunk.bytes.subarray(from, Math.min(chunk.used, from + lengthMax))
  }

  truncate(size: number): void {
    while (this.#chunks.length > 0) {
      const last = this.#chunks[this.#chunks.length - 1] as Chunk
      if (last.start < size) {
        // A view given out earlier may cover the bytes cut off: what follows goes into a chunk of its own.
        const kept = last.bytes.slice(0, size - last.start)
        if (last.used > kept.length) this.#chunks[this.#chunks.length - 1] = { ...last, bytes: kept, used: kept.length }
        break
      }
      this.#chunks.pop()
    }
    this.size = Math.min(this.size, size)
  }

  discardBefore(position: number): void {
    const keepFrom = this.#chunks.findIndex((chunk) => chunk.start + chunk.used > position)
    if (keepFrom > 0) this.#chunks = this.#chunks.slice(keepFrom)
  }

  flush(): void {
    // Memory has no medium.
  }

  close(): void {
    // Nothing is held beside the bytes.
  }

  #grow(last: Chunk | undefined, lengthMin: number): Chunk {
    const doubled = last === undefined ? chunkBytesMin : Math.min(chunkBytesMax, last.bytes.length * 2)
    const chunk: Chunk = { start: this.size, bytes: new Uint8Array(Math.max(doubled, lengthMin)), used: 0 }
    this.#chunks.push(chunk)
    return chunk
  }

  #chunkAt(position: number): Chunk | undefined {
    let low = 0
    let high = this.#chunks.length - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks[middle] as Chunk
      if (position < chunk.start) high = middle - 1
      else if (position >= chunk.start + chunk.used) low = middle + 1
      else return chunk
    }
    return undefined
  }
}
