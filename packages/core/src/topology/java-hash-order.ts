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

/**
 * Texts in the order of their buckets; inside one bucket in the given order. Equal texts are listed once.
 *
 * Buckets: the smallest power of two that is ≥ 16 and ≥ count / 0.75; index = (h ^ h >>> 16) & (buckets − 1).
 */
export function inHashOrder(texts: Iterable<string>): string[] {
  const distinct = [...new Set(texts)]
  let buckets = 16
  while (buckets * 0.75 < distinct.length) buckets *= 2
  const bucketOf = (text: string): number => {
    const hash = javaHash(text)
    return (hash ^ (hash >>> 16)) & (buckets - 1)
  }
  return distinct
    .map((text) => ({ text, bucket: bucketOf(text) }))
    .toSorted((a, b) => a.bucket - b.bucket)
    .map(({ text }) => text)
}
