/** The aggregate of W4: four 8-byte integers, in the store as in the output. */
import type { Serde } from 'millrace'

export interface Totals {
  readonly n: number
  readonly sum: number
  readonly min: number
  readonly max: number
}

function put(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 4_294_967_296)
  bytes[at] = high >>> 24
  bytes[at + 1] = high >>> 16
  bytes[at + 2] = high >>> 8
  bytes[at + 3] = high
  bytes[at + 4] = value >>> 24
  bytes[at + 5] = value >>> 16
  bytes[at + 6] = value >>> 8
  bytes[at + 7] = value
}

const word = (b: Uint8Array, at: number): number =>
  ((b[at] ?? 0) * 16_777_216 + ((b[at + 1] ?? 0) << 16) + ((b[at + 2] ?? 0) << 8) + (b[at + 3] ?? 0)) >>> 0
const get = (b: Uint8Array, at: number): number => word(b, at) * 4_294_967_296 + word(b, at + 4)

export const totalsSerde: Serde<Totals> = {
  name: 'totals',
  serialize: ({ n, sum, min, max }) => {
    const bytes = new Uint8Array(32)
    put(bytes, 0, n)
    put(bytes, 8, sum)
    put(bytes, 16, min)
    put(bytes, 24, max)
    return bytes
  },
  deserialize: (bytes) => ({ n: get(bytes, 0), sum: get(bytes, 8), min: get(bytes, 16), max: get(bytes, 24) }),
}
