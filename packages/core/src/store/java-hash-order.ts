/**
 * The order in which a `java.util.HashSet` of byte keys is iterated. Kafka writes the changed keys of a suppress buffer to
 * its changelog in this order; it is deterministic, so it is kept.
 */

/** Hash of `org.apache.kafka.common.utils.Bytes`, spread as HashMap does. */
function javaHash(key: string): number {
  let hash = 1
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + ((key.charCodeAt(i) << 24) >> 24)) | 0
  return hash ^ (hash >>> 16)
}

/** Insertion-ordered keys with Java's order on demand. The table only ever grows, also when it is cleared. */
export class JavaHashSet {
  private readonly keys = new Map<string, number>()
  private capacity = 16

  get size(): number {
    return this.keys.size
  }

  add(key: string): void {
    if (this.keys.has(key)) return
    this.keys.set(key, javaHash(key))
    if (this.keys.size > this.capacity * 0.75) this.capacity *= 2
  }

  /** The keys by bucket, inside one in the order in which they were added; then forgets them. */
  drain(): string[] {
    const mask = this.capacity - 1
    const keys = [...this.keys].map(([key, hash], at) => ({ key, at, bucket: hash & mask }))
    keys.sort((one, other) => one.bucket - other.bucket || one.at - other.at)
    this.keys.clear()
    return keys.map((item) => item.key)
  }

  clear(): void {
    this.keys.clear()
    this.capacity = 16
  }
}
