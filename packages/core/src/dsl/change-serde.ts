/** Serde of a table's changes in a repartition topic: old and new value, each by the serde of the values. */
import type { Change } from '../record/change.ts'
import { change } from '../record/change.ts'
import type { Headers } from '../record/headers.ts'
import { decodeChange, encodeChange } from '../serde/envelope/change.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeSpec } from '../topology/serde-spec.ts'

/** @param value null: the default serde, known when the topology is run */
export function changeSerde(value: Serde<unknown> | null): SerdeSpec {
  if (value !== null) return serdeOf(value) as Serde<unknown>
  return { late: (defaults) => (defaults.value === null ? null : (serdeOf(defaults.value) as Serde<unknown>)) }
}

function serdeOf<V>(inner: Serde<V>): Serde<Change<V>> {
  const encode = (value: V | null, topic?: string, headers?: Headers): Uint8Array | null =>
    value === null ? null : inner.serialize(value, topic, headers)
  const decode = (bytes: Uint8Array | null, topic?: string, headers?: Headers): V | null =>
    bytes === null ? null : inner.deserialize(bytes, topic, headers)
  return {
    name: `change(${inner.name})`,
    serialize: ({ newValue, oldValue }, topic, headers) =>
      encodeChange(encode(newValue, topic, headers), encode(oldValue, topic, headers)),
    deserialize(bytes, topic, headers) {
      const { newValue, oldValue, isLatest } = decodeChange(bytes)
      return change(decode(newValue, topic, headers), decode(oldValue, topic, headers), isLatest)
    },
  }
}
