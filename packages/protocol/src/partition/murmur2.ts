/**
 * Kafka's murmur2 and the partition of a key.
 *
 * The same numbers as Java's `Utils.murmur2` and `BuiltInPartitioner.partitionForKey`: without them a table and a stream
 * written by different clients would not meet. `Math.imul` keeps everything in 32-bit integers.
 */

const seed = 0x9747b28c
const m = 0x5bd1e995

/** Murmur2 of the bytes with Kafka's seed, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  let h = (seed ^ length) | 0
  const whole = length & ~3
  for (let i = 0; i < whole; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    let k = Math.imul(word, m)
    k ^= k >>> 24
    h = Math.imul(h, m) ^ Math.imul(k, m)
  }
  const rest = length & 3
  if (rest > 2) h ^= bytes[whole + 2]! << 16
  if (rest > 1) h ^= bytes[whole + 1]! << 8
  if (rest > 0) h = Math.imul(h ^ bytes[whole]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  return h ^ (h >>> 15)
}

/** Partition of a key among `partitionCount` partitions (≥ 1): `(murmur2(key) & 0x7fffffff) % partitionCount`. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}
