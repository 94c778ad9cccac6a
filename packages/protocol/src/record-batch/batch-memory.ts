/**
 * Memory of batches that have arrived, for batches to come. A producer writes as many bytes as it ever wrote into the same
 * few buffers; without this each batch is a new one, and V8 counts them all towards its next full collection.
 */

/** Memory kept at most, bytes. */
const keptBytesMax = 8 * 1024 * 1024

export class BatchMemory {
  readonly #kept: Uint8Array[] = []
  #keptBytes = 0
  /** The most that was ever asked for; smaller buffers are not kept, and nothing is before somebody has asked. */
  #askedBytes = Infinity

  /** A buffer of at least that size; what is in it means nothing. */
  take(bytesMin: number): Uint8Array {
    this.#askedBytes = this.#askedBytes === Infinity ? bytesMin : Math.max(this.#askedBytes, bytesMin)
    const kept = this.#kept.pop()
    if (kept === undefined) return new Uint8Array(bytesMin)
    this.#keptBytes -= kept.length
    return kept.length < bytesMin ? new Uint8Array(bytesMin) : kept
  }

  /** Takes a batch's memory back, the whole of the buffer below it. Nobody may read the batch any more. */
  give(batch: Uint8Array): void {
    const { buffer } = batch
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < this.#askedBytes) return
    if (this.#keptBytes + buffer.byteLength > keptBytesMax) return
    this.#keptBytes += buffer.byteLength
    this.#kept.push(new Uint8Array(buffer))
  }
}
