import { wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/** Bytes as they are; Kafka's ByteArraySerializer. What it reads is a copy, so it can be kept. */
export function bytes(): Serde<Uint8Array> {
  return bytesSerde
}

const bytesSerde: Serde<Uint8Array> = {
  name: 'bytes',
  serialize(value) {
    if (!(value instanceof Uint8Array)) throw wrongType('bytes', 'a Uint8Array', value)
    return value
  },
  deserialize: (view) => new Uint8Array(view),
}
