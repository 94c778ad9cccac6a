/** A copy of the record context, for buffers: the context itself is reused for the next record. */
import type { OperatorContext, RecordContext } from '../processor/processor.ts'
import type { BufferedContext } from '../store/store.ts'

/** The context of the current record, to be kept in an encoded row. */
export function keptContext(context: RecordContext): RecordContext {
  const { timestampMs, headers, topic, partition, offset } = context
  return { timestampMs, headers, topic, partition, offset }
}

/** As above, in memory, with the bytes of the source record where a dead letter may need them. */
export function keptContextWithSource(context: OperatorContext<never, never>): BufferedContext {
  const kept = keptContext(context.recordContext)
  const source = context.keepSource?.() ?? null
  return source === null ? kept : { ...kept, source }
}
