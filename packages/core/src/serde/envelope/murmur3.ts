/**
 * Murmur3, 128 bits, as Kafka's foreign-key join hashes the left value (`Murmur3.hash128`, seed 104729).
 *
 * 64-bit arithmetic on pairs of 32-bit integers: BigInt would cost more than the join it serves. A function that yields
 * 64 bits returns the low half and leaves the high half in `high`.
 */
import { writeInt32 } from './int-bytes.ts'

const seed = 104_729
const c1High = 0x87c37b91 | 0
const c1Low = 0x114253d5 | 0
const c2High = 0x4cf5ad43 | 0
const c2Low = 0x2745937f | 0
let high = 0

/** Hash of the bytes: 16 bytes, the two int64 big-endian, one behind the other. */
export function hash128(bytes: Uint8Array): Uint8Array {
  const { length } = bytes
  let h1High = 0
  let h1Low = seed
  let h2High = 0
  let h2Low = seed
  const tail = length & ~15
  for (let at = 0; at < tail; at += 16) {
    h1Low ^= mixFirst(word(bytes, at + 4), word(bytes, at))
    h1High ^= high
    h1Low = rotate(h1High, h1Low, 27)
    h1Low = add(high, h1Low, h2High, h2Low)
    h1Low = timesFivePlus(high, h1Low, 0x52dce729)
    h1High = high
    h2Low ^= mixSecond(word(bytes, at + 12), word(bytes, at + 8))
    h2High ^= high
    h2Low = rotate(h2High, h2Low, 31)
    h2Low = add(high, h2Low, h1High, h1Low)
    h2Low = timesFivePlus(high, h2Low, 0x38495ab5)
    h2High = high
  }
  if (length - tail > 8) {
    h2Low ^= mixSecond(word(bytes, tail + 12), word(bytes, tail + 8))
    h2High ^= high
  }
  if (length > tail) {
    h1Low ^= mixFirst(word(bytes, tail + 4), word(bytes, tail))
    h1High ^= high
  }
  return finish(h1High, h1Low ^ length, h2High, h2Low ^ length)
}

function finish(h1High: number, h1Low: number, h2High: number, h2Low: number): Uint8Array {
  h1Low = add(h1High, h1Low, h2High, h2Low)
  h1High = high
  h2Low = add(h2High, h2Low, h1High, h1Low)
  h2High = high
  h1Low = scramble(h1High, h1Low)
  h1High = high
  h2Low = scramble(h2High, h2Low)
  h2High = high
  h1Low = add(h1High, h1Low, h2High, h2Low)
  h1High = high
  h2Low = add(h2High, h2Low, h1High, h1Low)
  const hash = new Uint8Array(16)
  writeInt32(hash, 8, high)
  writeInt32(hash, 12, h2Low)
  writeInt32(hash, 0, h1High)
  writeInt32(hash, 4, h1Low)
  return hash
}

function mixFirst(kHigh: number, kLow: number): number {
  let low = multiply(kHigh, kLow, c1High, c1Low)
  low = rotate(high, low, 31)
  return multiply(high, low, c2High, c2Low)
}

function mixSecond(kHigh: number, kLow: number): number {
  let low = multiply(kHigh, kLow, c2High, c2Low)
  low = rotate(high, low, 33)
  return multiply(high, low, c1High, c1Low)
}

/** Kafka's fmix64. */
function scramble(hHigh: number, hLow: number): number {
  let low = multiply(hHigh, hLow ^ (hHigh >>> 1), 0xff51afd7 | 0, 0xed558ccd | 0)
  low = multiply(high, low ^ (high >>> 1), 0xc4ceb9fe | 0, 0x1a85ec53)
  return low ^ (high >>> 1)
}

function timesFivePlus(hHigh: number, hLow: number, plus: number): number {
  const low = multiply(hHigh, hLow, 0, 5)
  return add(high, low, 0, plus)
}

/** Little-endian 32 bits; what lies beyond the end is 0. */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function add(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const low = (aLow >>> 0) + (bLow >>> 0)
  high = (aHigh + bHigh + (low > 0xffff_ffff ? 1 : 0)) | 0
  return low | 0
}

/** Rotates left by 1 to 63 bits. */
function rotate(aHigh: number, aLow: number, by: number): number {
  if (by >= 32) return turn(aLow, aHigh, by - 32)
  return turn(aHigh, aLow, by)
}

function turn(aHigh: number, aLow: number, by: number): number {
  high = (aHigh << by) | (aLow >>> (32 - by))
  return (aLow << by) | (aHigh >>> (32 - by))
}

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a0 = aLow & 0xffff
  const a1 = aLow >>> 16
  const b0 = bLow & 0xffff
  const b1 = bLow >>> 16
  const low = Math.imul(a0, b0) >>> 0
  const middle = (Math.imul(a1, b0) >>> 0) + (low >>> 16)
  const cross = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff)
  const carry = (Math.imul(a1, b1) >>> 0) + Math.floor(middle / 0x1_0000) + Math.floor(cross / 0x1_0000)
  high = (carry + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0
  return Math.imul(aLow, bLow)
}
