import { wrongFormat, wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** One byte, 1 or 0; Kafka's BooleanSerializer. */
export function boolean(): Serde<boolean> {
  return booleanSerde
}

const booleanSerde: Serde<boolean> = {
  name: 'boolean',
  serialize(value) {
    if (typeof value !== 'boolean') throw wrongType('boolean', 'a boolean', value)
    return Uint8Array.of(value ? 1 : 0)
  },
  deserialize(bytes) {
    if (bytes.length !== 1) throw wrongLength('boolean', 1, bytes)
    const byte = bytes[0] as number
    if (byte > 1) throw wrongFormat('boolean', `expected the byte 0 or 1, got ${byte}`)
    return byte === 1
  },
}
