/** A fetched batch as a task takes it: records from one index on, and the offset after the last one. */
import type { Headers } from '@millrace/core'
import type { RawRecords } from '../task/ports.ts'

/** Reading may begin inside a batch; what is before `first` was handled by an earlier owner of the partition. */
export class FetchedRecords implements RawRecords {
  readonly count: number
  readonly nextOffset: number
  private readonly first: number
  private readonly records: FetchedRecordsSource

  constructor(records: FetchedRecordsSource, first: number, nextOffset: number) {
    this.records = records
    this.first = first
    this.count = records.count - first
    this.nextOffset = nextOffset
  }

  offsetAt(index: number): number {
    return this.records.offsetAt(index + this.first)
  }
  timestampAt(index: number): number {
    return this.records.timestampAt(index + this.first)
  }
  keyAt(index: number): Uint8Array | null {
    return this.records.keyAt(index + this.first)
  }
  valueAt(index: number): Uint8Array | null {
    return this.records.valueAt(index + this.first)
  }
  headersAt(index: number): Headers {
    return this.records.headersAt(index + this.first)
  }
}

type FetchedRecordsSource = Omit<RawRecords, 'nextOffset'>
