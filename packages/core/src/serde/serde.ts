import type { Headers } from '../record/headers.ts'

/**
 * Serializer and deserializer of one type.
 *
 * Both are synchronous and pure. Null never reaches them: the caller writes and reads null keys and values itself, except
 * for a serde with `nullable: true` (made by `nullable(…)`), whose type includes null.
 * `topic` is the real topic's name and `headers` those of the record, for serdes that need them; the built-in ones ignore both.
 * `deserialize` gets a view on a larger buffer: copy what is kept.
 *
 * @throws {MR_SERDE_…} from both, when the value or the bytes do not fit
 */
export interface Serde<T> {
  /** Short name for texts and errors, e.g. `string`, `int64`, `json`. */
  readonly name: string
  readonly nullable?: boolean
  serialize(value: T, topic?: string, headers?: Headers): Uint8Array
  deserialize(bytes: Uint8Array, topic?: string, headers?: Headers): T
}
