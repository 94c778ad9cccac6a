/**
 * What windowed aggregates and joins need of their stores beyond the views: times kept with them, rows with
 * timestamps.
 */
import type { OperatorContext } from '../processor/processor.ts'
import type { Windowed } from '../record/windowed.ts'
import type { KeepsTime, StateStore, ValueAndTimestamp, WindowStore } from '../store/store.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'

/** A store of time-windowed aggregates. */
export type AggregateWindowStore<K, Agg> = WindowStore<K, ValueAndTimestamp<Agg>> & KeepsTime

/** Opens a window store that an operator fills. */
export function openWindowStore<K, V>(
  context: OperatorContext<never, never>,
  name: string,
): WindowStore<K, V> & KeepsTime {
  return context.getStateStore<StateStore>(name) as WindowStore<K, V> & KeepsTime
}

/** A row for a store with timestamps; null deletes. Headers are never stored by the DSL, see `TableStore`. */
export function aggregateRow<Agg>(value: Agg | null, timestampMs: number): ValueAndTimestamp<Agg> | null {
  return value === null ? null : { value, timestampMs }
}

/** Looks up windowed aggregates by windowed key. */
export function windowedTable<K, Agg>(store: string): TableValueGetterSupplier<Windowed<K>, Agg> {
  return { storeNames: [store], create: () => new WindowedGetter<K, Agg>(store) }
}

class WindowedGetter<K, Agg> implements TableValueGetter<Windowed<K>, Agg> {
  readonly isVersioned = false
  private readonly name: string
  private store!: AggregateWindowStore<K, Agg>

  constructor(name: string) {
    this.name = name
  }

  init(context: OperatorContext<never, never>): void {
    this.store = openWindowStore(context, this.name)
  }

  get(key: Windowed<K>): ValueAndTimestamp<Agg> | null {
    return this.store.fetchOne(key.key, key.window.startMs)
  }

  getAsOf(key: Windowed<K>): ValueAndTimestamp<Agg> | null {
    return this.get(key)
  }
}
