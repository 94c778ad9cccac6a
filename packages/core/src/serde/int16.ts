import { outOfRange, wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** A whole number from −32,768 to 32,767 in 2 bytes, big-endian; Kafka's ShortSerializer. */
export function int16(): Serde<number> {
  return int16Serde
}

const int16Serde: Serde<number> = {
  name: 'int16',
  fixedLength: 2,
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('int16', 'a number', value)
    if ((value << 16) >> 16 !== value) throw outOfRange('int16', value, 'whole numbers from -32768 to 32767')
    const bytes = new Uint8Array(2)
    bytes[0] = value >> 8
    bytes[1] = value
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 2) throw wrongLength('int16', 2, bytes)
    return (((bytes[0] as number) << 24) >> 16) | (bytes[1] as number)
  },
}
