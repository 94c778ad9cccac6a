import type { Headers } from '../record/headers.ts'

/**
 * Serializer and deserializer of one type.
 *
 * Both are synchronous and pure. Null never reaches them: the caller writes and reads null keys and values itself, also
 * for a serde with `nullable: true` (made by `nullable(…)`), which only declares that its type includes null.
 * `topic` is the real topic's name and `headers` those of the record, for serdes that need them; the built-in ones ignore both.
 * `deserialize` gets a view on a larger buffer, and may hand it out; `serialize` may return one. Who keeps bytes copies them,
 * as stores do.
 *
 * @throws {MR_SERDE_…} from both, when the value or the bytes do not fit
 */
export interface Serde<T> {
  /** Short name for texts and errors, e.g. `string`, `int64`, `json`. */
  readonly name: string
  readonly nullable?: boolean
  /** Every value takes this many bytes; lists of such elements are packed, as Kafka's are. */
  readonly fixedLength?: number
  /** Windowed keys: bytes of the window, behind those of the plain key. Partitions are chosen without them. */
  readonly windowSuffix?: number
  /**
   * The variant for keys, when the plain one does not give equal bytes for equal values: partitions, joins and groups
   * compare bytes. Taken wherever a serde is given for a key.
   */
  forKeys?(): Serde<T>
  /**
   * Nobody changes a value after handing it over, and encoding never fails for values of the type: stores may then hand
   * out one decoded object again and again, and encode a cached value once, at the flush. Primitives are kept in any case.
   */
  readonly retainable?: boolean
  /** True only if `serialize` cannot fail for this value: a store that encodes it later need not try it out now. */
  accepts?(value: T): boolean
  serialize(value: T, topic?: string, headers?: Headers): Uint8Array
  deserialize(bytes: Uint8Array, topic?: string, headers?: Headers): T
}

/** The type that a serde carries. */
export type SerdeType<S> = S extends Serde<infer T> ? T : never
