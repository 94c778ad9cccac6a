import { readLong, writeLong } from './long-bytes.ts'
import { outOfRange, wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/**
 * A safe whole number (|n| ≤ 2^53 − 1) in 8 bytes, big-endian; Kafka's LongSerializer.
 *
 * Bytes of a greater number are an error when read, so that no value is silently rounded; `bigint64()` takes all 64 bits.
 */
export function int64(): Serde<number> {
  return int64Serde
}

const accepted = 'whole numbers up to 2^53 - 1; use bigint64() for more'

const int64Serde: Serde<number> = {
  name: 'int64',
  fixedLength: 8,
  accepts: (value) => Number.isSafeInteger(value),
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('int64', 'a number', value)
    if (!Number.isSafeInteger(value)) throw outOfRange('int64', value, accepted)
    const bytes = new Uint8Array(8)
    writeLong(bytes, 0, value)
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 8) throw wrongLength('int64', 8, bytes)
    const value = readLong(bytes, 0)
    if (!Number.isSafeInteger(value)) throw outOfRange('int64', value, accepted)
    return value
  },
}
