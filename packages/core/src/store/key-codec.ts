/**
 * Keys of a store on their way to its table: the text of their bytes, and the hash of it.
 *
 * Text keys of the built-in string serde that are plain ASCII are their own text, so looking one up serializes nothing and
 * allocates nothing. Everything else is serialized once per lookup.
 */
import { StreamsError } from '../errors.ts'
import type { Serde } from '../serde/serde.ts'
import { string } from '../serde/string.ts'
import { bytesOf, hashBytes, latin1, mixHash } from './key-bytes.ts'
import type { ByteKeyed, ByteMap } from './byte-map.ts'
import type { StoreDefinition } from './definition.ts'
import { presentSerde } from './value-codec.ts'

export class KeyCodec<K> {
  /** Hash of the key given to `find` last. */
  hash = 0
  private readonly store: string
  private readonly serde: Serde<K>
  private readonly topic: string
  private readonly isText: boolean
  /** Bytes of the key given to `find` last; null when it is its own text. */
  private bytes: Uint8Array | null = null

  constructor(definition: StoreDefinition<K, never>, topic: string) {
    this.store = definition.name
    this.serde = presentSerde(definition.key, definition.name, 'key')
    this.topic = topic
    this.isText = (this.serde as unknown) === string()
  }

  /** The entry of a key. `hash` and `text` are those of the key afterwards. */
  find<T extends ByteKeyed>(table: ByteMap<T>, key: K): T | undefined {
    if (this.isText && typeof key === 'string' && this.hashAscii(key)) {
      this.bytes = null
      return table.findText(key, this.hash)
    }
    this.bytes = this.serialize(key)
    this.hash = hashBytes(this.bytes)
    return table.find(this.bytes, this.hash)
  }

  /** Text of the key that was given to `find` last. */
  text(key: K): string {
    return this.bytes === null ? (key as string) : latin1(this.bytes)
  }

  /** @throws {MR_STORE_NULL_KEY} for null */
  serialize(key: K): Uint8Array {
    if (key === null || key === undefined) throw new StreamsError('MR_STORE_NULL_KEY', { store: this.store })
    return this.serde.serialize(key, this.topic)
  }

  /** The key of a text. */
  decode(text: string): K {
    if (this.isText && this.hashAscii(text)) return text as K
    return this.serde.deserialize(bytesOf(text), this.topic)
  }

  /** Hashes plain ASCII; false, with no hash, for anything else. */
  private hashAscii(text: string): boolean {
    let hash = 0x811c9dc5 | 0
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return false
      hash = Math.imul(hash ^ unit, 0x01000193)
    }
    this.hash = mixHash(hash)
    return true
  }
}
