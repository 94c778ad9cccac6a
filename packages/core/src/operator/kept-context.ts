/** A copy of the record context, for buffers: the context itself is reused for the next record. */
import type { RecordContext } from '../processor/processor.ts'

/** The context of the current record, to be kept. */
export function keptContext(context: RecordContext): RecordContext {
  const { timestampMs, headers, topic, partition, offset } = context
  return { timestampMs, headers, topic, partition, offset }
}
