/**
 * One file of a partition's log: batches one behind the other, and a sparse index over them in memory.
 *
 * Every 4 KiB one index entry (offset, position, greatest timestamp so far); between two entries the batch headers are
 * walked. The index is rebuilt from the headers when a log is opened, so it is never on disk.
 */
import type { LogFile } from '../storage/log-storage.ts'
import { batchHeaderBytes, batchSizeAt, lastOffsetAt, maxTimestampAt, type BatchHeader } from './batch-header.ts'

const indexIntervalBytes = 4096
/** A walk reads this much at a time: one index interval and the header behind it. */
const walkBytes = indexIntervalBytes + batchHeaderBytes

/** A batch's place in its segment. */
export interface BatchPlace {
  readonly position: number
  readonly sizeBytes: number
}

/** Batches with offsets in `[baseOffset, nextOffset)`, holes allowed. */
export class Segment {
  readonly baseOffset: number
  readonly file: LogFile
  nextOffset: number
  /** Greatest timestamp of any batch, −1 when empty. */
  maxTimestampMs: number = -1
  /** Position of the first batch that has it. */
  maxTimestampPosition: number = -1
  /** Greatest timestamp of the first batch, from which `segment.ms` counts; −1 when empty. */
  firstTimestampMs: number = -1
  readonly #offsets: number[] = []
  readonly #positions: number[] = []
  /** Greatest timestamp before each entry. */
  readonly #timestampsBefore: number[] = []
  #bytesSinceEntry: number = Infinity

  constructor(baseOffset: number, file: LogFile) {
    this.baseOffset = baseOffset
    this.nextOffset = baseOffset
    this.file = file
  }

  get sizeBytes(): number {
    return this.file.size
  }

  /** Writes one batch and takes note of it. */
  append(bytes: Uint8Array, header: BatchHeader): void {
    const position = this.file.size
    this.file.append(bytes)
    this.note(header, position)
  }

  /** Takes note of a batch that is already in the file, in file order. */
  note(header: BatchHeader, position: number): void {
    if (this.#bytesSinceEntry >= indexIntervalBytes) {
      this.#offsets.push(header.baseOffset)
      this.#positions.push(position)
      this.#timestampsBefore.push(this.maxTimestampMs)
      this.#bytesSinceEntry = 0
    }
    this.#bytesSinceEntry += header.sizeBytes
    this.nextOffset = header.lastOffset + 1
    if (this.firstTimestampMs < 0) this.firstTimestampMs = header.maxTimestampMs
    if (header.maxTimestampMs > this.maxTimestampMs) {
      this.maxTimestampMs = header.maxTimestampMs
      this.maxTimestampPosition = position
    }
  }

  /** The first batch whose last offset is at or behind `offset`; undefined when there is none in this segment. */
  find(offset: number): BatchPlace | undefined {
    if (offset >= this.nextOffset) return undefined
    let position = this.#positions[entryAtOrBefore(this.#offsets, offset)] ?? 0
    while (position < this.file.size) {
      const bytes = this.file.view(position, walkBytes)
      let at = 0
      while (at + batchHeaderBytes <= bytes.length) {
        const sizeBytes = batchSizeAt(bytes, at)
        if (lastOffsetAt(bytes, at) >= offset) return { position: position + at, sizeBytes }
        at += sizeBytes
      }
      if (at === 0) return undefined
      position += at
    }
    return undefined
  }

  /** The batches with a timestamp at or after `timestampMs`. */
  *batchesSince(timestampMs: number): Generator<BatchPlace> {
    if (this.maxTimestampMs < timestampMs) return
    const entry = entryAtOrBefore(this.#timestampsBefore, timestampMs - 1)
    for (const place of this.batches(this.#positions[entry] ?? 0)) {
      if (maxTimestampAt(this.file.view(place.position, batchHeaderBytes), 0) >= timestampMs) yield place
    }
  }

  /** Tells the file that nothing before `offset` is read any more. */
  discardBefore(offset: number): void {
    this.file.discardBefore(this.#positions[entryAtOrBefore(this.#offsets, offset)] ?? 0)
  }

  /** An offset at or behind the end of what lies before `position`: the upper bound of a read that stops there. */
  offsetBoundAt(position: number): number {
    const next = entryAtOrBefore(this.#positions, position - 1) + 1
    return this.#offsets[next] ?? this.nextOffset
  }

  /** Walks all batches from a position on, with at most `stepBytes` in hand at a time. */
  *batches(from: number = 0, stepBytes: number = 1 << 20): Generator<BatchPlace> {
    let position = from
    while (position < this.file.size) {
      const bytes = this.file.view(position, stepBytes)
      let at = 0
      while (at + batchHeaderBytes <= bytes.length) {
        const sizeBytes = batchSizeAt(bytes, at)
        yield { position: position + at, sizeBytes }
        at += sizeBytes
      }
      if (at === 0) return
      position += at
    }
  }

  /** The bytes of one batch. */
  read(place: BatchPlace): Uint8Array {
    return this.file.view(place.position, place.sizeBytes)
  }
}

/** Index of the greatest element that is at most `value`, −1 when there is none. */
function entryAtOrBefore(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    if ((ascending[middle] as number) <= value) low = middle + 1
    else high = middle - 1
  }
  return high
}
