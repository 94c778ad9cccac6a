/**
 * The index of packed rows: pairs of integers (hash, place) in one array, open addressing, linear probing, backward-shift
 * deletion. It knows no keys: whoever looks a key up compares it with the rows of equal hash.
 */

const slotsFirst = 64

export class PlaceIndex {
  count = 0
  /** Slots are a power of two; this is one less. */
  mask: number = slotsFirst - 1
  /** Hash and place + 1 of each slot; a second number of 0 = empty. */
  slots: Int32Array = new Int32Array(2 * slotsFirst)

  get bytes(): number {
    return this.slots.length * 4
  }

  /** Position in `slots` of the row at exactly this place; −1 = there is none. */
  slotAt(hash: number, place: number): number {
    const { slots, mask } = this
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const found = slots[2 * at + 1] as number
      if (found === 0) return -1
      if (found === place + 1) return 2 * at
    }
  }

  /** Adds a row that is not in the index. */
  insert(hash: number, place: number): void {
    if ((this.count + 1) * 3 > (this.mask + 1) * 2) this.resize(this.mask * 2 + 1)
    this.add(hash, place + 1)
    this.count++
  }

  /** Removes what is at this position in `slots`. */
  remove(slot: number): void {
    const { slots, mask } = this
    this.count--
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

  /** Gives memory back when few rows are left. */
  shrink(): void {
    if (this.count * 6 < this.mask && this.mask >= slotsFirst) this.resize(this.mask >>> 1)
  }

  clear(): void {
    this.count = 0
    this.mask = slotsFirst - 1
    this.slots = new Int32Array(2 * slotsFirst)
  }

  private add(hash: number, mark: number): void {
    const { slots, mask } = this
    let at = hash & mask
    while (slots[2 * at + 1] !== 0) at = (at + 1) & mask
    slots[2 * at] = hash
    slots[2 * at + 1] = mark
  }

  private resize(mask: number): void {
    const old = this.slots
    this.mask = mask
    this.slots = new Int32Array(2 * (mask + 1))
    for (let from = 0; from < old.length; from += 2) {
      const mark = old[from + 1] as number
      if (mark !== 0) this.add(old[from] as number, mark)
    }
  }
}
