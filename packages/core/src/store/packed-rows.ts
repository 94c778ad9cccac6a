/**
 * Rows of a disk store packed as bytes outside the garbage-collected heap: a quarter of the memory of row objects, nothing
 * to trace for the collector, and no call into the engine to read one. A row is clean (equal to the engine) or held (its
 * owner has written it and the engine does not have it yet).
 *
 * Rows lie one behind the other in chunks; an index of two integers per row (hash, place) finds them by open addressing. A
 * changed row is written over where it fits. Beyond the limit the oldest chunk goes: what it holds is forgotten, or carried
 * over while most of the memory is taken by rows that have moved since. While a row is held nothing is forgotten.
 *
 * | word | a row in a chunk |
 * |---|---|
 * | 0 | hash of the key |
 * | 1 | bytes of the key; flags in the upper bits |
 * | 2 | bytes of the value, −1 = the row is deleted |
 * | 3 | words of the row, these four included |
 * | 4 … | key ‖ value, padded to a whole word |
 */
import { slabPiece } from '../serde/slab.ts'
import { writeInt64 } from './int64.ts'
import { latin1 } from './key-bytes.ts'
import { PlaceIndex } from './place-index.ts'

const headWords = 4
/** Words of a chunk are a power of two: 1 KiB to 256 KiB. A larger row has a chunk of its own. */
const chunkShiftMin = 8
const chunkShiftMax = 16
/** Below this share of living rows in several chunks the oldest chunk is carried over rather than forgotten. */
const sparse = 0.6
const chunksToCarry = 4
const keyMask = 0x0fff_ffff
const shortBytes = 64

interface Chunk {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

/** What names a row: the latin-1 text of its key, and the hash of it. */
export interface PackedKey {
  readonly key: string
  readonly hash: number
}

export class PackedRows {
  /** True: a key that is not here is not in the engine either. Set by the owner, lost when a row is forgotten. */
  isComplete = false
  /** Bytes that rows and index may take; may change at any time. */
  bytesMax: number
  /** Rows that must not be forgotten; counted by the owner. */
  held = 0
  /** Changes whenever a place that `find` gave may no longer be that of its row. */
  moves = 0
  private readonly chunkWords: number
  private readonly shift: number
  private chunks: (Chunk | null)[] = []
  private chunkBytes = 0
  /** Chunks in use, oldest first. */
  private order: number[] = []
  private free: number[] = []
  private current = -1
  /** First free word of the current chunk. */
  private end: number
  private liveWords = 0
  private readonly index = new PlaceIndex()

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    let shift = chunkShiftMin
    while (shift < chunkShiftMax && 64 << shift < bytesMax) shift++
    this.shift = shift
    this.chunkWords = 1 << shift
    this.end = this.chunkWords
  }

  get size(): number {
    return this.index.count
  }

  /** Bytes taken, the index included. */
  get bytes(): number {
    return this.chunkBytes + this.index.bytes
  }

  /** Place of a row, −1 = not here. Valid until `moves` changes. */
  find(row: PackedKey): number {
    const slot = this.slotOf(row)
    return slot < 0 ? -1 : (this.index.slots[slot + 1] as number) - 1
  }

  keyAt(place: number): string {
    const start = ((place & (this.chunkWords - 1)) + headWords) * 4
    return latin1(this.bytesAt(place).subarray(start, this.valueStart(place)))
  }

  hashAt(place: number): number {
    return this.wordAt(place, 0)
  }

  /** Up to four bits of the owner. */
  flagsAt(place: number): number {
    return this.wordAt(place, 1) >>> 28
  }

  setFlags(place: number, flags: number): void {
    const { words } = this.chunkOf(place)
    const at = (place & (this.chunkWords - 1)) + 1
    words[at] = ((words[at] as number) & keyMask) | (flags << 28)
  }

  /** Bytes of the value at a place; −1 = deleted. */
  valueLength(place: number): number {
    return this.wordAt(place, 2)
  }

  /** A copy of the value at a place, from this byte of it on. */
  value(place: number, from = 0): Uint8Array {
    const bytes = this.bytesAt(place)
    const start = this.valueStart(place) + from
    const length = this.wordAt(place, 2) - from
    if (length > shortBytes) return bytes.slice(start, start + length)
    const copy = new Uint8Array(length)
    for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number
    return copy
  }

  /** The prefix and a copy of the key at a place, in shared memory. */
  pieceOfKey(place: number, prefix: Uint8Array): Uint8Array {
    const bytes = this.bytesAt(place)
    const start = ((place & (this.chunkWords - 1)) + headWords) * 4 - prefix.length
    const length = prefix.length + (this.wordAt(place, 1) & keyMask)
    const piece = slabPiece(length)
    for (let i = 0; i < prefix.length; i++) piece[i] = prefix[i] as number
    for (let i = prefix.length; i < length; i++) piece[i] = bytes[start + i] as number
    return piece
  }

  /** A copy of the value at a place, in shared memory. */
  pieceOfValue(place: number): Uint8Array {
    const bytes = this.bytesAt(place)
    const start = this.valueStart(place)
    const length = this.wordAt(place, 2)
    const piece = slabPiece(length)
    if (length > shortBytes) piece.set(bytes.subarray(start, start + length))
    else for (let i = 0; i < length; i++) piece[i] = bytes[start + i] as number
    return piece
  }

  /** The bytes among which the value lies, to be read at once; it begins at `valueStart`. */
  bytesAt(place: number): Uint8Array {
    return this.chunkOf(place).bytes
  }

  valueStart(place: number): number {
    return ((place & (this.chunkWords - 1)) + headWords) * 4 + (this.wordAt(place, 1) & keyMask)
  }

  /**
   * Makes room for a row that its owner holds, beyond the limit if need be; `write` follows. Flags stay if the row stays
   * where it is, else they are 0, at its old place too.
   *
   * @param length bytes of the value, −1 = deleted
   * @param at where the row is now, −1 = not here
   * @returns its place
   */
  reserve(row: PackedKey, length: number, at: number): number {
    const words = headWords + ((row.key.length + Math.max(0, length) + 3) >>> 2)
    if (at >= 0) {
      if (words <= this.wordAt(at, 3) && !this.isOld(at)) return at
      this.leave(row, at)
    }
    return this.append(row, words)
  }

  /** Fills in the value at a place; a time before it unless null. A null value deletes. */
  write(place: number, value: Uint8Array | null, timeMs: number | null): void {
    const { bytes, words } = this.chunkOf(place)
    const at = place & (this.chunkWords - 1)
    if (value === null) {
      words[at + 2] = -1
      return
    }
    let start = (at + headWords) * 4 + ((words[at + 1] as number) & keyMask)
    const { length } = value
    words[at + 2] = timeMs === null ? length : length + 8
    if (timeMs !== null) {
      writeInt64(bytes, start, timeMs)
      start += 8
    }
    if (length > shortBytes) bytes.set(value, start)
    else for (let i = 0; i < length; i++) bytes[start + i] = value[i] as number
  }

  /** Keeps a clean row, unless there is no room for it. */
  put(row: PackedKey, value: Uint8Array): void {
    const words = headWords + ((row.key.length + value.length + 3) >>> 2)
    let place = this.find(row)
    if (place >= 0 && (words > this.wordAt(place, 3) || this.isOld(place))) {
      this.leave(row, place)
      place = -1
    }
    if (place < 0 && !this.hasRoom(words)) {
      this.isComplete = false
      return
    }
    this.write(place < 0 ? this.append(row, words) : place, value, null)
  }

  remove(row: PackedKey): void {
    const slot = this.slotOf(row)
    if (slot >= 0) this.removeSlot(slot)
    this.moves++
  }

  /** Forgets the oldest rows beyond the limit, unless some are held. */
  trim(): void {
    while (this.held === 0 && this.order.length > 1 && this.bytes > this.bytesMax) {
      this.dropOldest()
      this.index.shrink()
    }
  }

  clear(): void {
    this.isComplete = false
    this.moves++
    this.held = 0
    this.chunks = []
    this.chunkBytes = 0
    this.order = []
    this.free = []
    this.current = -1
    this.end = this.chunkWords
    this.liveWords = 0
    this.index.clear()
  }

  private leave({ hash }: PackedKey, place: number): void {
    this.setFlags(place, 0)
    this.removeSlot(this.index.slotAt(hash, place))
    this.moves++
  }

  private hasRoom(words: number): boolean {
    if (words > this.chunkWords >>> 1 || this.chunkWords * 8 > this.bytesMax) return false
    return this.held === 0 || this.end + words <= this.chunkWords || this.bytes + this.chunkWords * 4 <= this.bytesMax
  }

  private append({ key, hash }: PackedKey, words: number): number {
    if (words > this.chunkWords) this.open(words)
    while (words <= this.chunkWords && this.end + words > this.chunkWords) {
      this.open(this.chunkWords)
      this.trim()
    }
    const at = this.end
    this.end += words
    const place = this.current * this.chunkWords + at
    const chunk = this.chunkOf(place)
    chunk.words[at] = hash
    chunk.words[at + 1] = key.length
    chunk.words[at + 3] = words
    const start = (at + headWords) * 4
    for (let i = 0; i < key.length; i++) chunk.bytes[start + i] = key.charCodeAt(i)
    this.index.insert(hash, place)
    this.liveWords += words
    return place
  }

  /** Begins a new chunk. */
  private open(words: number): void {
    const id = this.free.pop() ?? this.chunks.length
    const chunk = new Int32Array(words)
    this.chunks[id] = { words: chunk, bytes: new Uint8Array(chunk.buffer) }
    this.chunkBytes += words * 4
    this.current = id
    this.end = 0
    this.order.push(id)
  }

  private dropOldest(): void {
    this.moves++
    const id = this.order.shift() as number
    const { words } = this.chunks[id] as Chunk
    const carries = this.order.length >= chunksToCarry && this.liveWords * 4 < this.chunkBytes * sparse
    for (let at = 0; at < words.length;) {
      const size = words[at + 3]
      // The unused rest of the chunk.
      if (size === 0 || size === undefined) break
      const slot = this.index.slotAt(words[at] as number, id * this.chunkWords + at)
      if (slot >= 0) {
        if (carries && this.end + size <= this.chunkWords) this.carry(slot, words, at)
        else {
          this.removeSlot(slot)
          this.isComplete = false
        }
      }
      at += size
    }
    this.chunkBytes -= words.length * 4
    this.chunks[id] = null
    this.free.push(id)
  }

  private carry(slot: number, words: Int32Array, at: number): void {
    const size = words[at + 3] as number
    const place = this.current * this.chunkWords + this.end
    this.chunkOf(place).words.set(words.subarray(at, at + size), this.end)
    this.end += size
    this.index.slots[slot + 1] = place + 1
  }

  /** In the chunk that goes next, or the one after it, while memory is full: better to write the row anew. */
  private isOld(place: number): boolean {
    const { order } = this
    if (order.length < 5 || this.bytes + this.chunkWords * 4 <= this.bytesMax) return false
    const id = place >>> this.shift
    return id === order[0] || id === order[1]
  }

  private chunkOf(place: number): Chunk {
    return this.chunks[place >>> this.shift] as Chunk
  }

  private wordAt(place: number, word: number): number {
    return this.chunkOf(place).words[(place & (this.chunkWords - 1)) + word] as number
  }

  private slotOf({ key, hash }: PackedKey): number {
    const { slots, mask } = this.index
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const found = slots[2 * at + 1] as number
      if (found === 0) return -1
      if (slots[2 * at] === hash && this.hasKey(found - 1, key)) return 2 * at
    }
  }

  private hasKey(place: number, text: string): boolean {
    const { bytes, words } = this.chunkOf(place)
    const at = place & (this.chunkWords - 1)
    const length = (words[at + 1] as number) & keyMask
    if (text.length !== length) return false
    const start = (at + headWords) * 4
    for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
    return true
  }

  private removeSlot(slot: number): void {
    this.liveWords -= this.wordAt((this.index.slots[slot + 1] as number) - 1, 3)
    this.index.remove(slot)
  }
}
