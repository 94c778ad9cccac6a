import { wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** Any number in 8 bytes (IEEE 754, big-endian); Kafka's DoubleSerializer. */
export function double(): Serde<number> {
  return doubleSerde
}

const doubleSerde: Serde<number> = {
  name: 'double',
  fixedLength: 8,
  accepts: (value) => typeof value === 'number',
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('double', 'a number', value)
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setFloat64(0, value)
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 8) throw wrongLength('double', 8, bytes)
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)
  },
}
