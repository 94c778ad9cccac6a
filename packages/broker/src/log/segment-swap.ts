/**
 * Puts a compacted segment in the place of those it was made from, so that a crash leaves either the old ones or the new
 * one.
 *
 *   write  <first>.<end>.cleaned     a crash here: thrown away at the next start
 *   rename to <first>.<end>.swap     from here on the new one counts
 *   remove the old <base>.log with first ≤ base < end
 *   rename to <first>.log            a crash before: done at the next start
 */
import type { LogStorage } from '../storage/log-storage.ts'
import { readBatchHeader, type BatchHeader } from './batch-header.ts'
import type { PartitionLog } from './partition-log.ts'
import { Segment } from './segment.ts'

/** File name of a segment. */
export function segmentName(log: string, baseOffset: number): string {
  return `${log}/${digits(baseOffset)}.log`
}

/** First offset of the segment with this file name. */
export function baseOffsetOf(log: string, file: string): number {
  return Number(file.slice(log.length + 1, log.length + 21))
}

/** Replaces neighbouring segments by one with the batches that `fill` writes, none of them if it writes nothing. */
export function replaceSegments(
  log: PartitionLog,
  old: readonly Segment[],
  fill: (write: (batch: Uint8Array) => void) => void,
): void {
  const [first] = old
  const last = old[old.length - 1]
  if (first === undefined || last === undefined) return
  const { storage, name } = log
  const at = log.segments.indexOf(first)
  const end = log.segments[at + old.length]?.baseOffset ?? last.nextOffset
  const stem = `${name}/${digits(first.baseOffset)}.${digits(end)}`
  storage.remove(`${stem}.cleaned`)
  const file = storage.open(`${stem}.cleaned`)
  fill((batch) => file.append(batch))
  file.flush()
  file.close()
  storage.rename(`${stem}.cleaned`, `${stem}.swap`)
  for (const segment of old) segment.file.close()
  for (const segment of old) storage.remove(segment.file.name)
  const fileName = segmentName(name, first.baseOffset)
  storage.rename(`${stem}.swap`, fileName)
  const replacement = reopen(storage, fileName, first.baseOffset)
  if (replacement.sizeBytes > 0) log.segments.splice(at, old.length, replacement)
  else {
    replacement.file.close()
    storage.remove(fileName)
    log.segments.splice(at, old.length)
  }
}

/** Ends what a crash has interrupted; the names of the segment files that are left. */
export function finishSwaps(log: string, storage: LogStorage, files: readonly string[]): string[] {
  for (const file of files) if (file.endsWith('.cleaned')) storage.remove(file)
  let segments = files.filter((file) => file.endsWith('.log'))
  for (const swap of files.filter((file) => file.endsWith('.swap'))) {
    const first = baseOffsetOf(log, swap)
    const end = Number(swap.slice(log.length + 22, log.length + 42))
    const isOld = (file: string): boolean => baseOffsetOf(log, file) >= first && baseOffsetOf(log, file) < end
    for (const file of segments.filter(isOld)) storage.remove(file)
    segments = segments.filter((file) => !isOld(file))
    const fileName = segmentName(log, first)
    storage.rename(swap, fileName)
    segments.push(fileName)
  }
  return segments.sort()
}

function reopen(storage: LogStorage, fileName: string, baseOffset: number): Segment {
  const segment = new Segment(baseOffset, storage.open(fileName))
  for (const place of segment.batches()) {
    segment.note(readBatchHeader(segment.read(place), 0) as BatchHeader, place.position)
  }
  return segment
}

function digits(offset: number): string {
  return String(offset).padStart(20, '0')
}
