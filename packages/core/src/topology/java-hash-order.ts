/**
 * The order in which `java.util.HashMap` and `HashSet` list strings. Kafka's `describe()` prints topics, stores and, through
 * its sorted sets, neighbours in an order that follows from it, and a processor's stores are opened and flushed in it;
 * so it is reproduced, here and nowhere else.
 */

/** `String.hashCode()` of Java, as a signed 32-bit number. */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** Texts in the order of a `HashSet<String>` to which they were added one by one; equal texts are listed once. */
export function inHashOrder(texts: Iterable<string>): string[] {
  return inBucketOrder([...new Set(texts)], javaHash)
}

/**
 * As above, for a set that was made from a finished collection: it is given one bucket more than it needs, which tells at
 * 12, 24, 48 … texts (Java 17).
 */
export function inHashOrderOfCopy(texts: Iterable<string>): string[] {
  const distinct = [...new Set(texts)]
  return inBucketOrder(distinct, javaHash, Math.floor(distinct.length / 0.75) + 1)
}

/**
 * Distinct things in the order of their buckets by Java's hash code of each; inside one bucket in the given order.
 *
 * Buckets: the smallest power of two that is ≥ 16, ≥ count / 0.75 and ≥ `atLeast`; index = (h ^ h >>> 16) & (buckets − 1).
 */
export function inBucketOrder<T>(distinct: readonly T[], hashOf: (thing: T) => number, atLeast = 0): T[] {
  let buckets = 16
  while (buckets * 0.75 < distinct.length || buckets < atLeast) buckets *= 2
  const bucketOf = (thing: T): number => {
    const hash = hashOf(thing)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return distinct
    .map((thing) => ({ thing, bucket: bucketOf(thing) }))
    .toSorted((a, b) => a.bucket - b.bucket)
    .map(({ thing }) => thing)
}
