/** Randomness that a seed repeats: sfc32, a small generator with 128 bits of state. Every choice of a simulation comes from one. */
import type { Random } from '@millrace/core/port'

export class SeededRandom implements Random {
  private a: number
  private b: number
  private c: number
  private counter = 1

  /** @param seed any number; @param stream separates generators of one seed (network, disk, a process) */
  constructor(seed: number, stream = '') {
    let hash = 0x811c9dc5
    for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193)
    this.a = seed | 0
    this.b = Math.floor(seed / 0x100000000) | 0
    this.c = hash
    for (let i = 0; i < 15; i++) this.bits()
  }

  /** In [0, 1). */
  next(): number {
    return this.bits() / 0x100000000
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.bits() & 0xff)
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.next() * items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  private bits(): number {
    const sum = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (this.c << 21) | (this.c >>> 11)
    this.c = (this.c + sum) | 0
    return sum >>> 0
  }
}
