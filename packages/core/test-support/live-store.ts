/** A real store over a memory engine, with just enough of a task around it, and a count of the rows that are looked at. */
import type { EngineOperation, StoreEngine } from '../src/port/store-engine.ts'
import type { StoreDefinition } from '../src/store/definition.ts'
import type { ChangelogRecord, LiveStore } from '../src/store/host.ts'
import { memoryEngine } from '../src/store/memory-engine.ts'
import { openStore } from '../src/store/open-store.ts'
import type { StateStore } from '../src/store/store.ts'
import type { KeySlot, TimedRow } from '../src/store/timed-row.ts'
import type { TimedRows } from '../src/store/timed-rows.ts'

export interface OpenedStore<S> {
  readonly live: LiveStore
  readonly view: S
  readonly engine: StoreEngine
  /** What went to the changelog so far. */
  readonly changelog: ChangelogRecord[]
  /** Flush, one engine batch, done. */
  commit(): Promise<void>
  /** Rows of windows or sessions held in memory, visible or not. */
  rowsHeld(): number
  /** Rows of the store in the engine, without the one that keeps times. */
  rowsInEngine(): number
}

/** Opens and loads a store; `engine`: one that an earlier store has left. */
export async function openedStore<S extends StateStore>(
  definition: StoreDefinition<never, never>,
  options: { readonly engine?: StoreEngine; readonly caching?: boolean } = {},
): Promise<OpenedStore<S>> {
  const engine = options.engine ?? memoryEngine()
  const changelog: ChangelogRecord[] = []
  const live = openStore(definition, {
    taskName: '0_0',
    engine,
    enginePrefix: Uint8Array.of(0, 1),
    current: { timestampMs: 0, headers: [] },
    changelog: (key, value, timestampMs, headers) => {
      changelog.push({ key, value, timestampMs: timestampMs ?? 0, headers })
    },
    changelogTopic: 'changelog',
    droppedRecord: () => undefined,
    pinnedBytes: () => undefined,
    cacheBytesMax: options.caching === true ? 100_000_000 : 0,
    nowMs: () => 0,
  })
  await live.load()
  return {
    live,
    view: live.view as S,
    engine,
    changelog,
    commit: async () => {
      live.flush()
      const operations: EngineOperation[] = []
      live.stage(operations)
      await engine.write(operations)
      live.committed()
    },
    rowsHeld: () => [...rowsOf(live).expiry.rowsBetween(-Infinity, Infinity)].length,
    rowsInEngine: () => [...engine.rangeSync({})].filter(({ key }) => key[2] === 0).length,
  }
}

/** Counts the rows of a key that are looked at from now on, those of binary searches too. */
export function countVisits(live: LiveStore, key: string): { visits: number } {
  const slot = rowsOf(live).slotOf(key) as { rows: TimedRow[] } & KeySlot
  const counter = { visits: 0 }
  slot.rows = new Proxy(slot.rows, {
    get(rows, name, receiver) {
      // Making or closing a gap moves references, not more; no row is looked at.
      if (name === 'splice') return rows.splice.bind(rows)
      if (typeof name === 'string' && /^\d+$/.test(name)) counter.visits++
      return Reflect.get(rows, name, receiver) as unknown
    },
  })
  return counter
}

function rowsOf(live: LiveStore): TimedRows<string, unknown> {
  return (live as unknown as { rows: TimedRows<string, unknown> }).rows
}
