import { wrongFormat, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'
import { decodeUtf8, encodeUtf8 } from './utf8.ts'

/** A UUID as its text of 36 characters, lower case; Kafka's UUIDSerializer. */
export function uuid(): Serde<string> {
  return uuidSerde
}

const length = 36
const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const uuidSerde: Serde<string> = {
  name: 'uuid',
  fixedLength: length,
  serialize(value) {
    if (typeof value !== 'string') throw wrongType('uuid', 'a string', value)
    return encodeUtf8(checked(value))
  },
  deserialize: (bytes) => checked(decodeUtf8(bytes)),
}

function checked(text: string): string {
  if (!form.test(text)) throw wrongFormat('uuid', 'the text is not a UUID (8-4-4-4-12 hexadecimal digits)')
  return text.toLowerCase()
}
