import type { Serde } from './serde.ts'

/**
 * Declares that a key or value of a topic may be null (no key; a tombstone). Bytes are those of the inner serde; null is
 * written and read as Kafka's null by the caller.
 */
export function nullable<T>(inner: Serde<T>): Serde<T | null> {
  const serde: Serde<T | null> = {
    name: `nullable(${inner.name})`,
    nullable: true,
    ...(inner.windowSuffix === undefined ? {} : { windowSuffix: inner.windowSuffix }),
    ...(inner.retainable === undefined ? {} : { retainable: inner.retainable }),
    serialize: (value, topic, headers) => inner.serialize(value as T, topic, headers),
    deserialize: (bytes, topic, headers) => inner.deserialize(bytes, topic, headers),
  }
  if (inner.fixedLength !== undefined) return { ...serde, fixedLength: inner.fixedLength }
  if (inner.forKeys === undefined) return serde
  const keys = inner.forKeys.bind(inner)
  return { ...serde, forKeys: () => (keys() === inner ? serde : nullable(keys())) }
}
