/**
 * An update of a table: the value after it and, only when a downstream node asked for old values, the value before it.
 *
 * `null` means absent. `isLatest` is false for an out-of-order update of a versioned table (KIP-914).
 */
export interface Change<V> {
  readonly newValue: V | null
  readonly oldValue: V | null
  readonly isLatest: boolean
}

/** Makes a change; one shape for all of them. */
export function change<V>(newValue: V | null, oldValue: V | null, isLatest = true): Change<V> {
  return { newValue, oldValue, isLatest }
}
