/**
 * Rows that a disk store has read or written and that equal its engine, packed as bytes outside the garbage-collected heap:
 * a quarter of the memory of a row object, nothing to trace for the collector, and no call into the engine to read one.
 *
 * Rows lie one behind the other in chunks; an index of two integers per row (hash, place) finds them by open addressing. A
 * changed row is written over where it fits. When the limit is reached the oldest chunk goes: what it holds is forgotten, or
 * carried over while most of the memory is taken by rows that have moved since.
 *
 * | word | a row in a chunk |
 * |---|---|
 * | 0 | hash of the key |
 * | 1, 2 | bytes of the key, of the value |
 * | 3 | words of the row, these four included |
 * | 4 … | key ‖ value, padded to a whole word |
 */

const headWords = 4
/** Words of a chunk are a power of two: 1 KiB to 256 KiB. */
const chunkShiftMin = 8
const chunkShiftMax = 16
const slotsFirst = 64
/** Below this share of living rows the oldest chunk is carried over rather than forgotten. */
const sparse = 0.6

interface Chunk {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

export class PackedRows {
  /** True: a key that is not here is not in the engine either. Set by the owner, lost when a row is forgotten. */
  isComplete = false
  /** Bytes that rows and index may take; may change at any time. */
  bytesMax: number
  /** A power of two, and its exponent. */
  private readonly chunkWords: number
  private readonly shift: number
  private readonly chunks: (Chunk | null)[] = []
  /** Chunks in use, oldest first. */
  private order: number[] = []
  private free: number[] = []
  private current = -1
  /** First free word of the current chunk. */
  private end: number
  private liveWords = 0
  private count = 0
  private mask = slotsFirst - 1
  /** Pairs: hash, place + 1; 0 = empty. */
  private slots = new Int32Array(2 * slotsFirst)

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    let shift = chunkShiftMin
    while (shift < chunkShiftMax && 64 << shift < bytesMax) shift++
    this.shift = shift
    this.chunkWords = 1 << shift
    this.end = this.chunkWords
  }

  get size(): number {
    return this.count
  }

  /** Bytes taken, the index included. */
  get bytes(): number {
    return this.order.length * this.chunkWords * 4 + this.slots.length * 4
  }

  /** Place of a row by the latin-1 text of its key, −1 = not here. Valid until the next `put` or `remove`. */
  find(text: string, hash: number): number {
    const slot = this.slotOf(text, hash)
    return slot < 0 ? -1 : (this.slots[slot + 1] as number) - 1
  }

  /** Bytes of the value at a place. */
  valueLength(place: number): number {
    return this.wordAt(place, 2)
  }

  /** A copy of the value at a place, from this byte of it on. */
  value(place: number, from = 0): Uint8Array {
    const { bytes } = this.chunkOf(place)
    const start = this.valueStart(place) + from
    const length = this.wordAt(place, 2) - from
    if (length > 64) return bytes.slice(start, start + length)
    const copy = new Uint8Array(length)
    for (let i = 0; i < length; i++) copy[i] = bytes[start + i] as number
    return copy
  }

  /** The bytes among which the value lies, to be read at once; it begins at `valueStart`. */
  bytesAt(place: number): Uint8Array {
    return this.chunkOf(place).bytes
  }

  valueStart(place: number): number {
    return ((place & (this.chunkWords - 1)) + headWords) * 4 + this.wordAt(place, 1)
  }

  /** Keeps a row, in place of what was kept for this key. One too large for a chunk is not kept. */
  put(text: string, hash: number, value: Uint8Array): void {
    const words = headWords + ((text.length + value.length + 3) >>> 2)
    const slot = this.slotOf(text, hash)
    if (slot >= 0) {
      const place = (this.slots[slot + 1] as number) - 1
      if (words <= this.wordAt(place, 3) && !this.isOld(place)) {
        this.writeValue(place, text.length, value)
        return
      }
      this.removeSlot(slot)
    }
    if (words > this.chunkWords >>> 1 || this.chunkWords * 8 > this.bytesMax) {
      this.isComplete = false
      return
    }
    while (this.end + words > this.chunkWords) this.roll()
    const place = this.current * this.chunkWords + this.end
    this.end += words
    const chunk = this.chunkOf(place)
    const at = place & (this.chunkWords - 1)
    chunk.words[at] = hash
    chunk.words[at + 1] = text.length
    chunk.words[at + 3] = words
    const start = (at + headWords) * 4
    for (let i = 0; i < text.length; i++) chunk.bytes[start + i] = text.charCodeAt(i)
    this.writeValue(place, text.length, value)
    this.insertSlot(hash, place)
    this.liveWords += words
  }

  remove(text: string, hash: number): void {
    const slot = this.slotOf(text, hash)
    if (slot >= 0) this.removeSlot(slot)
  }

  clear(): void {
    this.isComplete = false
    this.chunks.length = 0
    this.order = []
    this.free = []
    this.current = -1
    this.end = this.chunkWords
    this.liveWords = 0
    this.count = 0
    this.mask = slotsFirst - 1
    this.slots = new Int32Array(2 * slotsFirst)
  }

  private chunkOf(place: number): Chunk {
    return this.chunks[place >>> this.shift] as Chunk
  }

  private wordAt(place: number, word: number): number {
    return this.chunkOf(place).words[(place & (this.chunkWords - 1)) + word] as number
  }

  private writeValue(place: number, keyLength: number, value: Uint8Array): void {
    const { bytes, words } = this.chunkOf(place)
    const at = place & (this.chunkWords - 1)
    words[at + 2] = value.length
    const start = (at + headWords) * 4 + keyLength
    if (value.length > 64) bytes.set(value, start)
    else for (let i = 0; i < value.length; i++) bytes[start + i] = value[i] as number
  }

  /** In the chunk that goes next, or the one after it, while memory is full: better to write the row anew. */
  private isOld(place: number): boolean {
    const { order } = this
    if (order.length < 5 || this.bytes + this.chunkWords * 4 <= this.bytesMax) return false
    const id = place >>> this.shift
    return id === order[0] || id === order[1]
  }

  /** Begins a new chunk; drops old ones beyond the limit. */
  private roll(): void {
    const id = this.free.pop() ?? this.chunks.length
    const words = new Int32Array(this.chunkWords)
    this.chunks[id] = { words, bytes: new Uint8Array(words.buffer) }
    this.current = id
    this.end = 0
    this.order.push(id)
    while (this.order.length > 1 && this.bytes > this.bytesMax) this.dropOldest()
  }

  private dropOldest(): void {
    const id = this.order.shift() as number
    const { words } = this.chunks[id] as Chunk
    const carries = this.liveWords * 4 < this.bytesMax * sparse
    for (let at = 0; at < this.chunkWords; ) {
      const size = words[at + 3] as number
      // The unused rest of the chunk.
      if (size === 0 || size === undefined) break
      const slot = this.slotAt(words[at] as number, id * this.chunkWords + at)
      if (slot >= 0) {
        if (carries && this.end + size <= this.chunkWords) this.carry(slot, words, at)
        else {
          this.removeSlot(slot, size)
          this.isComplete = false
        }
      }
      at += size
    }
    this.chunks[id] = null
    this.free.push(id)
  }

  private carry(slot: number, words: Int32Array, at: number): void {
    const size = words[at + 3] as number
    const place = this.current * this.chunkWords + this.end
    this.chunkOf(place).words.set(words.subarray(at, at + size), this.end)
    this.end += size
    this.slots[slot + 1] = place + 1
  }

  private slotOf(text: string, hash: number): number {
    const { slots, mask } = this
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const found = slots[2 * at + 1] as number
      if (found === 0) return -1
      if (slots[2 * at] === hash && this.hasKey(found - 1, text)) return 2 * at
    }
  }

  /** Slot of the row at exactly this place; −1 when the row has moved or gone. */
  private slotAt(hash: number, place: number): number {
    const { slots, mask } = this
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const found = slots[2 * at + 1] as number
      if (found === 0) return -1
      if (found === place + 1) return 2 * at
    }
  }

  private hasKey(place: number, text: string): boolean {
    const { bytes, words } = this.chunkOf(place)
    const at = place & (this.chunkWords - 1)
    const length = words[at + 1] as number
    if (text.length !== length) return false
    const start = (at + headWords) * 4
    for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false
    return true
  }

  private insertSlot(hash: number, place: number): void {
    if ((this.count + 1) * 3 > (this.mask + 1) * 2) this.grow()
    const { slots, mask } = this
    let at = hash & mask
    while (slots[2 * at + 1] !== 0) at = (at + 1) & mask
    slots[2 * at] = hash
    slots[2 * at + 1] = place + 1
    this.count++
  }

  private removeSlot(slot: number, size = this.wordAt((this.slots[slot + 1] as number) - 1, 3)): void {
    this.liveWords -= size
    this.count--
    const { slots, mask } = this
    let hole = slot / 2
    for (let at = (hole + 1) & mask; slots[2 * at + 1] !== 0; at = (at + 1) & mask) {
      const home = (slots[2 * at] as number) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[2 * hole] = slots[2 * at] as number
      slots[2 * hole + 1] = slots[2 * at + 1] as number
      hole = at
    }
    slots[2 * hole] = 0
    slots[2 * hole + 1] = 0
  }

  private grow(): void {
    const old = this.slots
    this.mask = this.mask * 2 + 1
    this.slots = new Int32Array(2 * (this.mask + 1))
    const { slots, mask } = this
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === 0) continue
      let at = (old[from] as number) & mask
      while (slots[2 * at + 1] !== 0) at = (at + 1) & mask
      slots[2 * at] = old[from] as number
      slots[2 * at + 1] = old[from + 1] as number
    }
  }
}
