/** Retention: whole segments go when they are too old, when the log is too large, or when its start has passed them. */
import type { TopicSettings } from '../topic/topic-config.ts'
import type { PartitionLog } from './partition-log.ts'

/** Removes what may go; true when the start of the log has moved. */
export function applyRetention(log: PartitionLog, settings: TopicSettings, nowMs: number): boolean {
  const before = log.startOffset
  let size = log.sizeBytes
  while (log.segments.length > 0 && mayGo(log, { settings, nowMs, size })) {
    const [first] = log.segments
    if (first === undefined || first.sizeBytes === 0) break
    size -= first.sizeBytes
    if (log.segments.length === 1) log.roll()
    log.segments.shift()
    first.file.close()
    log.storage.remove(first.file.name)
    log.raiseStart(log.segments[0]?.baseOffset ?? log.endOffset)
  }
  return log.startOffset !== before
}

function mayGo(log: PartitionLog, of: { settings: TopicSettings; nowMs: number; size: number }): boolean {
  const { settings, nowMs, size } = of
  const [first, next] = log.segments
  if (first === undefined) return false
  if (next !== undefined && next.baseOffset <= log.startOffset) return true
  if (!settings.delete || first.nextOffset > log.lastStableOffset) return false
  if (settings.retentionMs >= 0 && first.maxTimestampMs >= 0 && nowMs - first.maxTimestampMs > settings.retentionMs) {
    return true
  }
  return settings.retentionBytes >= 0 && next !== undefined && size - first.sizeBytes >= settings.retentionBytes
}
