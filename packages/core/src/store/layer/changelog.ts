/**
 * The changelog layer: below the cache, above the engine. Every update that a store makes passes here once, with the key
 * and value as Kafka writes them, and goes on to the task's record collector.
 */
import { noHeaders } from '../../record/headers.ts'
import type { Headers } from '../../record/headers.ts'
import type { StoreDefinition } from '../definition.ts'
import type { StoreHost } from '../host.ts'

type HeaderRule = 'none' | 'of-value' | 'of-record'

/**
 * Hands updates of one store to its changelog. Times and headers follow Kafka 4.3: a record has the timestamp of the
 * stored value, a deletion and a plain value that of the record being processed; headers only in stores that keep them
 * (a deletion: those of the record being processed) and in the stores of stream joins and foreign-key joins.
 */
export class ChangelogLayer {
  private readonly host: StoreHost
  private readonly headerRule: HeaderRule
  private readonly hasTimestamps: boolean

  constructor(host: StoreHost, definition: StoreDefinition<never, never>, hasTimestamps: boolean) {
    this.host = host
    this.hasTimestamps = hasTimestamps
    const kind = definition.kind
    if (definition.logRecordHeaders === true) this.headerRule = 'of-record'
    else this.headerRule = kind.startsWith('headers-') ? 'of-value' : 'none'
  }

  /** False while logging is off: callers may skip making key bytes. */
  get isOn(): boolean {
    return this.host.changelog !== null
  }

  /** The value's own timestamp and headers; null deletes. */
  // RECORD PATH 5/8: view → cache → changelog → engine; the update is sent to the store's changelog topic.
  log(key: Uint8Array, value: Uint8Array | null, timestampMs: number, headers: Headers): void {
    const write = this.host.changelog
    if (write === null) return
    const current = this.host.current
    const time = value === null || !this.hasTimestamps ? current.timestampMs : timestampMs
    if (this.headerRule === 'none') write(key, value, time, noHeaders)
    else write(key, value, time, value === null || this.headerRule === 'of-record' ? current.headers : headers)
  }

  /** As `log`, with the time given: versioned stores (none, ever, of a record's headers). */
  logAt(key: Uint8Array, value: Uint8Array | null, timestampMs: number | null, headers: Headers): void {
    this.host.changelog?.(key, value, timestampMs, headers)
  }
}
