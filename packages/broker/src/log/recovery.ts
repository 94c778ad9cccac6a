/**
 * Opens a log from its files after a clean close or a crash alike: every batch header is read once, and producers,
 * aborted transactions and indexes come out as they were.
 *
 * A crash can leave a torn batch at the end of the last segment: it is checked by CRC and cut at a batch that is not whole.
 * When whole batches follow, in the file or in later ones, it was no crash: nothing is cut, and the start is refused.
 */
import { FatalError } from '@millrace/core'
import { type Logger, silentLogger } from '@millrace/core/port'
import type { LogStorage } from '../storage/log-storage.ts'
import { isIntact } from './batch-check.ts'
import { batchHeaderBytes, readBatchHeader, type BatchHeader } from './batch-header.ts'
import { PartitionLog } from './partition-log.ts'
import { baseOffsetOf, finishSwaps } from './segment-swap.ts'
import { Segment } from './segment.ts'

const stepBytes = 1 << 20
/** Place of the magic byte in a batch. */
const magicAt = 16

/**
 * The log with this name, empty when it has no files.
 *
 * @param files names of its segment files, in any order
 * @param startOffset start of the log as last recorded
 * @throws {MR_BROKER_DAMAGED} (FatalError) a batch is damaged, and whole ones follow; nothing was cut
 */
export function openLog(
  name: string,
  storage: LogStorage,
  from: { files: string[]; startOffset: number; logger?: Logger },
): PartitionLog {
  const log = new PartitionLog(name, storage, from.startOffset)
  const names = finishSwaps(name, storage, from.files)
  const segments = names.map((file) => new Segment(baseOffsetOf(name, file), storage.open(file)))
  const lastFilled = segments.findLastIndex(({ file }) => file.size > 0)
  for (const [i, segment] of segments.entries()) {
    log.segments.push(segment)
    log.endOffset = Math.max(log.endOffset, segment.baseOffset)
    const size = noteBatches(log, segment, i >= lastFilled)
    if (size === segment.file.size) continue
    requireNothingBehind(segment, size, segments[i < lastFilled ? lastFilled : i] as Segment)
    const cut = { log: name, offset: log.endOffset, file: segment.file.name, bytes: segment.file.size - size }
    const logger = from.logger ?? silentLogger
    logger.warn('the half-written end of a log is cut off', cut)
    segment.file.truncate(size)
  }
  const first = log.segments[0]
  if (first !== undefined && first.baseOffset > log.startOffset) log.startOffset = first.baseOffset
  log.endOffset = Math.max(log.endOffset, log.startOffset)
  log.aborted.dropBefore(log.startOffset)
  return log
}

function requireNothingBehind(segment: Segment, position: number, last: Segment): void {
  const whole = last === segment ? wholeBatchBehind(segment, position) : null
  if (last === segment && whole === null) return
  const found = whole === null ? `there is a later file, ${last.file.name}` : `a whole one follows at byte ${whole}`
  const reason = `a batch is broken, and ${found}`
  throw new FatalError('MR_BROKER_DAMAGED', { file: segment.file.name, position, reason })
}

/** Where the first whole batch behind `position` begins; null: there is none. */
function wholeBatchBehind(segment: Segment, position: number): number | null {
  const { file } = segment
  const bytes = file.view(position, file.size - position)
  for (let at = 1; at + batchHeaderBytes <= bytes.length; at++) {
    if (bytes[at + magicAt] !== 2) continue
    const header = readBatchHeader(bytes, at)
    if (header === undefined || !isSane(header, segment) || at + header.sizeBytes > bytes.length) continue
    if (isIntact(bytes.subarray(at, at + header.sizeBytes))) return position + at
  }
  return null
}

/** Takes note of all whole batches; the number of bytes they take. */
function noteBatches(log: PartitionLog, segment: Segment, checkCrc: boolean): number {
  const { file } = segment
  let position = 0
  while (position < file.size) {
    let bytes = file.view(position, stepBytes)
    const first = readBatchHeader(bytes, 0)
    if (first === undefined || !isSane(first, segment)) return position
    if (first.sizeBytes > bytes.length) bytes = file.view(position, first.sizeBytes)
    let at = 0
    for (;;) {
      const header = readBatchHeader(bytes, at)
      if (header === undefined) break
      if (!isSane(header, segment)) return position + at
      if (at + header.sizeBytes > bytes.length) break
      const batch = bytes.subarray(at, at + header.sizeBytes)
      if (checkCrc && !isIntact(batch)) return position + at
      segment.note(header, position + at)
      log.note(header, batch)
      at += header.sizeBytes
    }
    if (at === 0) return position
    position += at
  }
  return position
}

function isSane(header: BatchHeader, segment: Segment): boolean {
  return (
    header.magic === 2 &&
    header.sizeBytes >= batchHeaderBytes &&
    header.baseOffset >= segment.nextOffset &&
    header.lastOffset >= header.baseOffset
  )
}
