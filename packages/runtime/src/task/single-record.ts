/** One record in the shape of a fetched batch: what the test driver, and repartition records fed back, are enqueued as. */
import type { Headers } from '@millrace/core'
import type { RawRecords } from './ports.ts'

export interface SingleRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number
  readonly headers: Headers
  readonly offset: number
}

export function singleRecord(record: SingleRecord): RawRecords {
  return new OneRecord(record)
}

class OneRecord implements RawRecords {
  readonly count = 1
  readonly nextOffset: number
  private readonly record: SingleRecord

  constructor(record: SingleRecord) {
    this.record = record
    this.nextOffset = record.offset + 1
  }

  offsetAt(): number {
    return this.record.offset
  }

  timestampAt(): number {
    return this.record.timestampMs
  }

  keyAt(): Uint8Array | null {
    return this.record.key
  }

  valueAt(): Uint8Array | null {
    return this.record.value
  }

  headersAt(): Headers {
    return this.record.headers
  }
}
