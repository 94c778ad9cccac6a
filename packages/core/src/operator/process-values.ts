/**
 * Runs a `FixedKeyProcessor` as a processor: its context refuses records with another key, so that groupings and joins
 * below need no repartition.
 */
import { RecordError } from '../errors.ts'
import type {
  FixedKeyProcessor,
  FixedKeyProcessorContext,
  Processor,
  ProcessorContext,
} from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'

/**
 * A processor around a fixed-key processor of the user.
 *
 * Outside `process` (in a punctuation, or in `init`) there is no key to compare with, and any record may be forwarded:
 * one that was kept from an earlier `process`, as in Kafka.
 *
 * @throws {MR_OPERATOR_KEY_CHANGED} (RecordError) from `forward`, if the key is not identical to that of the input
 * @example
 * fixedKeyProcessor({ process: () => undefined })
 */
export function fixedKeyProcessor<K, V, VOut>(processor: FixedKeyProcessor<K, V, VOut>): Processor<K, V, K, VOut> {
  return new KeyGuard(processor)
}

class KeyGuard<K, V, VOut> implements Processor<K, V, K, VOut> {
  private readonly processor: FixedKeyProcessor<K, V, VOut>
  private context!: ProcessorContext<K, VOut>
  private current: StreamRecord<K, V> | null = null

  constructor(processor: FixedKeyProcessor<K, V, VOut>) {
    this.processor = processor
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context
    this.processor.init?.(this.guarded(context))
  }

  process(record: StreamRecord<K, V>): void {
    const before = this.current
    this.current = record
    try {
      this.processor.process(record)
    } finally {
      this.current = before
    }
  }

  close(): void {
    this.processor.close?.()
  }

  private forward(record: StreamRecord<K, VOut>, child: string | undefined): void {
    if (this.current !== null && !Object.is(record.key, this.current.key))
      throw new RecordError('MR_OPERATOR_KEY_CHANGED', { operator: 'processValues' })
    this.context.forward(record, child as string)
  }

  private guarded(context: ProcessorContext<K, VOut>): FixedKeyProcessorContext<K, VOut> {
    return {
      applicationId: context.applicationId,
      taskId: context.taskId,
      recordMetadata: () => context.recordMetadata(),
      currentStreamTimeMs: () => context.currentStreamTimeMs(),
      currentSystemTimeMs: () => context.currentSystemTimeMs(),
      getStateStore: (store) => context.getStateStore(store),
      commit: () => context.commit(),
      schedule: (interval, type, callback, options) => context.schedule(interval, type, callback, options),
      forward: (record, child) => this.forward(record, child),
    }
  }
}
