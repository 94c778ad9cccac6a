import { wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** Text as UTF-8; Kafka's StringSerializer. */
export function string(): Serde<string> {
  return stringSerde
}

const stringSerde: Serde<string> = {
  name: 'string',
  accepts: (value) => typeof value === 'string',
  serialize(value) {
    if (typeof value !== 'string') throw wrongType('string', 'a string', value)
    return encodeUtf8(value)
  },
  deserialize: (bytes) => decodeUtf8(bytes),
}
