/**
 * Memory in which disk stores keep rows so as not to read them again: one budget per process, the same share for every
 * store that is open. Kafka Streams gives each of its stores a RocksDB block cache of 50 MB for this.
 */

/** Default of `statestore.read.cache.max.bytes`: 128 MiB per process. */
export const readBytesDefault = 134_217_728

export class ReadBudget {
  private readonly bytesMax: number
  private stores = 0

  /** @param bytesMax bytes for all stores together; 0 keeps nothing but what a store needs to work */
  constructor(bytesMax: number = readBytesDefault) {
    this.bytesMax = bytesMax
  }

  /** Bytes of each store; less when more stores are open. */
  get share(): number {
    return Math.floor(this.bytesMax / Math.max(1, this.stores))
  }

  /** A store opens; `leave` follows when it closes. */
  join(): void {
    this.stores++
  }

  leave(): void {
    this.stores--
  }
}
