/**
 * Opens a log from its files after a clean close or a crash alike: every batch header is read once, and producers,
 * aborted transactions and indexes come out as they were.
 *
 * A crash can leave a torn batch at the end. The last segment is checked by CRC and cut at the first batch that is not
 * whole; what follows a cut would leave a hole and is removed.
 */
import type { LogStorage } from '../storage/log-storage.ts'
import { isIntact } from './batch-check.ts'
import { batchHeaderBytes, readBatchHeader, type BatchHeader } from './batch-header.ts'
import { PartitionLog } from './partition-log.ts'
import { baseOffsetOf, finishSwaps } from './segment-swap.ts'
import { Segment } from './segment.ts'

const stepBytes = 1 << 20

/**
 * The log with this name, empty when it has no files.
 *
 * @param files names of its segment files, in any order
 * @param startOffset start of the log as last recorded
 */
export function openLog(
  name: string,
  storage: LogStorage,
  from: { files: string[]; startOffset: number },
): PartitionLog {
  const log = new PartitionLog(name, storage, from.startOffset)
  const names = finishSwaps(name, storage, from.files)
  let cut = false
  for (const [i, file] of names.entries()) {
    if (cut) {
      storage.remove(file)
      continue
    }
    const segment = new Segment(baseOffsetOf(name, file), storage.open(file))
    log.segments.push(segment)
    log.endOffset = Math.max(log.endOffset, segment.baseOffset)
    const size = noteBatches(log, segment, i === names.length - 1)
    if (size === segment.sizeBytes) continue
    segment.file.truncate(size)
    cut = true
  }
  const first = log.segments[0]
  if (first !== undefined && first.baseOffset > log.startOffset) log.startOffset = first.baseOffset
  log.endOffset = Math.max(log.endOffset, log.startOffset)
  log.aborted.dropBefore(log.startOffset)
  return log
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
