import { outOfRange, wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** All 64 bits as a bigint, 8 bytes, big-endian, signed; Kafka's LongSerializer. */
export function bigint64(): Serde<bigint> {
  return bigint64Serde
}

const bigint64Serde: Serde<bigint> = {
  name: 'bigint64',
  fixedLength: 8,
  serialize(value) {
    if (typeof value !== 'bigint') throw wrongType('bigint64', 'a bigint', value)
    if (BigInt.asIntN(64, value) !== value) throw outOfRange('bigint64', value, '-2^63 to 2^63 - 1')
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, value)
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 8) throw wrongLength('bigint64', 8, bytes)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0)
  },
}
