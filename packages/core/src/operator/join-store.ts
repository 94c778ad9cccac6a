/**
 * Keeps the records of one side of a stream–stream join. The node forwards a record to the join first and stores it
 * afterwards, so that a record never meets itself when both sides are one stream.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { StateStore, WindowStore } from '../store/store.ts'

/**
 * Supplier of the node before a join side. Forwards every record as it is; one with a key then begins a window of its
 * own in the store, which keeps duplicates (a null value is not kept).
 *
 * @param store window store of this side, retention before + after + grace
 * @example
 * storeForJoin<string, number>('clicks-this-join-store')
 */
export function storeForJoin<K, V>(store: string): () => Processor<K, V, K, V> {
  return () => new StoreForJoin<K, V>(store)
}

class StoreForJoin<K, V> implements Processor<K, V, K, V> {
  private readonly storeName: string
  private context!: OperatorContext<K, V>
  private store!: WindowStore<K, V>

  constructor(storeName: string) {
    this.storeName = storeName
  }

  init(context: ProcessorContext<K, V>): void {
    this.context = context as OperatorContext<K, V>
    this.store = this.context.getStateStore<StateStore>(this.storeName) as WindowStore<K, V>
  }

  process(record: StreamRecord<K, V>): void {
    this.context.forward(record)
    if (record.key !== null && record.key !== undefined) this.store.put(record.key, record.value, record.timestampMs)
  }
}
