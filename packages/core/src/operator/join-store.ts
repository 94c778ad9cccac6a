/**
 * Keeps the records of one side of a stream–stream join. The node forwards a record to the join first and stores it
 * afterwards, so that a record never meets itself when both sides are one stream.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { StoreKind } from '../store/definition.ts'
import type { StateStore, ValueAndTimestamp, ValueTimestampHeaders, WindowStore } from '../store/store.ts'

/**
 * Supplier of the node before a join side. Forwards every record as it is; one with a key then begins a window of its
 * own in the store, which keeps duplicates (a null value is not kept).
 *
 * Units: times in ms. Errors: none.
 *
 * @param store window store of this side, retention before + after + grace
 * @see Kafka Streams `KStreamJoinWindow`
 * @example
 * run(
 *   ({ texts, numbers }) => texts.join(numbers, (text, n) => `${text}${n}`, { before: 10, after: 0 }),
 *   ['numbers', 'a', 1, 0],
 *   ['texts', 'a', 'x', 8],
 * )
 * // → [["a","x1"]]
 */
export function storeForJoin<K, V>(store: string): () => Processor<K, V, K, V> {
  return () => new StoreForJoin<K, V>(store)
}

/** True when rows of a join's store are `{ value, timestampMs, … }`: Kafka's stores in memory, and those a user asked for. */
export function keepsRecords(context: OperatorContext<never, never>, store: string): boolean {
  const kind = context.storeKind?.(store)
  return kind === 'headers-window' || kind === 'timestamped-window'
}

class StoreForJoin<K, V> implements Processor<K, V, K, V> {
  private readonly storeName: string
  private context!: OperatorContext<K, V>
  private store!: WindowStore<K, V | ValueAndTimestamp<V> | ValueTimestampHeaders<V>>
  private kind: StoreKind | undefined

  constructor(storeName: string) {
    this.storeName = storeName
  }

  init(context: ProcessorContext<K, V>): void {
    this.context = context as OperatorContext<K, V>
    this.store = this.context.getStateStore<StateStore>(this.storeName) as typeof this.store
    this.kind = this.context.storeKind?.(this.storeName)
  }

  process(record: StreamRecord<K, V>): void {
    this.context.forward(record)
    const { key, value } = record
    if (key === null || key === undefined) return
    this.store.put(key, value === null || value === undefined ? null : this.rowOf(record), record.timestampMs)
  }

  private rowOf({
    value,
    timestampMs,
    headers,
  }: StreamRecord<K, V>): V | ValueAndTimestamp<V> | ValueTimestampHeaders<V> {
    if (this.kind === 'headers-window') return { value, timestampMs, headers }
    return this.kind === 'timestamped-window' ? { value, timestampMs } : value
  }
}
