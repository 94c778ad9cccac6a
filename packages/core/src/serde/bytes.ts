import { wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'

/**
 * Bytes as they are; Kafka's ByteArraySerializer. What a source hands out is a view on the fetched batch, which stays in
 * memory as long as the view: copy bytes that you keep for long (stores do).
 */
export function bytes(): Serde<Uint8Array> {
  return bytesSerde
}

const bytesSerde: Serde<Uint8Array> = {
  name: 'bytes',
  serialize(value) {
    if (!(value instanceof Uint8Array)) throw wrongType('bytes', 'a Uint8Array', value)
    return value
  },
  deserialize: (view) => view,
}
