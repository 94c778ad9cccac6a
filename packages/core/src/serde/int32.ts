import { outOfRange, wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** A whole number from −2^31 to 2^31 − 1 in 4 bytes, big-endian; Kafka's IntegerSerializer. */
export function int32(): Serde<number> {
  return int32Serde
}

const int32Serde: Serde<number> = {
  name: 'int32',
  fixedLength: 4,
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('int32', 'a number', value)
    if ((value | 0) !== value) throw outOfRange('int32', value, 'whole numbers from -2147483648 to 2147483647')
    const bytes = new Uint8Array(4)
    bytes[0] = value >> 24
    bytes[1] = value >> 16
    bytes[2] = value >> 8
    bytes[3] = value
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 4) throw wrongLength('int32', 4, bytes)
    return (
      ((bytes[0] as number) << 24) | ((bytes[1] as number) << 16) | ((bytes[2] as number) << 8) | (bytes[3] as number)
    )
  },
}
