import { wrongLength, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** A number rounded to single precision in 4 bytes (IEEE 754, big-endian); Kafka's FloatSerializer. */
export function float(): Serde<number> {
  return floatSerde
}

const floatSerde: Serde<number> = {
  name: 'float',
  fixedLength: 4,
  serialize(value) {
    if (typeof value !== 'number') throw wrongType('float', 'a number', value)
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setFloat32(0, value)
    return bytes
  },
  deserialize(bytes) {
    if (bytes.length !== 4) throw wrongLength('float', 4, bytes)
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0)
  },
}
