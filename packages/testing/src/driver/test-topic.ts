import type { Serde } from '@millrace/core'

/** A topic as the driver needs it: what `topic(name, { key, value })` makes. */
export interface TestTopic<K, V> {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}
