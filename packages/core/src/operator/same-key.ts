/**
 * Equality of two keys that user functions made, before they are bytes: what Java's `equals` is there.
 *
 * Numbers, texts and other primitives by value, byte arrays by content, arrays and plain objects (windowed keys,
 * composed keys) by their parts. Anything else is equal only to itself.
 */

/**
 * True when both keys mean the same row.
 *
 * Errors: none.
 *
 * @see Java's `equals`, as used by `KTableRepartitionMap`
 * @example
 * run(
 *   ({ orders }) =>
 *     orders
 *       .toTable()
 *       .groupBy((order) => [{ user: order.user, item: order.item }, order.cents], { value: int64() })
 *       .reduce({ add: (one, two) => one + two, subtract: (one, two) => one - two })
 *       .toStream()
 *       .map((cents, { user, item }) => [`${user}, ${item}`, cents]),
 *   ['orders', 'o1', { user: 'ada', item: 'tea', cents: 250 }],
 *   ['orders', 'o1', { user: 'ada', item: 'tea', cents: 300 }],
 * )
 * // → [["ada, tea",250],["ada, tea",300]]
 */
export function sameKey(one: unknown, two: unknown): boolean {
  if (Object.is(one, two)) return true
  if (typeof one !== 'object' || typeof two !== 'object' || one === null || two === null) return false
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(two)) return false
  if (one instanceof Uint8Array) return sameBytes(one, two as Uint8Array)
  if (one instanceof Date) return one.getTime() === (two as Date).getTime()
  const names = Object.keys(one)
  if (names.length !== Object.keys(two).length || names.length === 0) return false
  const left = one as Readonly<Record<string, unknown>>
  const right = two as Readonly<Record<string, unknown>>
  return names.every((name) => Object.hasOwn(right, name) && sameKey(left[name], right[name]))
}

/** True when both arrays hold the same bytes. */
export function sameBytes(one: Uint8Array, two: Uint8Array): boolean {
  if (one.length !== two.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== two[i]) return false
  return true
}
