/**
 * The store engine that keeps everything in memory: a hash table for point reads, and sorted chunks that are built when
 * the first range is read, so that a store which never reads ranges never pays for order; the order is given up when many writes pass
 * without a range.
 *
 * Ranges read what is there when the row is reached; a snapshot copies the (shared, immutable) rows.
 */
import { FatalError } from '../errors.ts'
import type {
  EngineEntry,
  EngineOperation,
  EngineSnapshot,
  EngineStats,
  KeyRange,
  RangeOptions,
  StoreEngine,
  StoreEngineProvider,
} from '../port/store-engine.ts'
import { kept } from '../serde/slab.ts'
import { ByteMap } from './byte-map.ts'
import { bytesOf, hashBytes, latin1 } from './key-bytes.ts'
import { SortedChunks } from './sorted-chunks.ts'

const unreadMin = 1_000

class MemoryRow {
  readonly key: string
  readonly hash: number
  value: Uint8Array

  constructor(key: string, hash: number, value: Uint8Array) {
    this.key = key
    this.hash = hash
    this.value = value
  }
}

class MemoryEngine implements StoreEngine {
  readonly supports = { getSync: true, rangeSync: true, snapshots: true }
  private readonly name: string
  private readonly rows: ByteMap<MemoryRow>
  private ordered: SortedChunks<MemoryRow> | null = null
  /** Changes of the order since the last range: an order that nobody reads is not kept up. */
  private unread = 0
  private isOpen = true

  constructor(name: string, rows: ByteMap<MemoryRow>) {
    this.name = name
    this.rows = rows
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    this.assertOpen()
    return this.rows.find(key, hashBytes(key))?.value
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.getSync(key))
  }

  async *range(options: RangeOptions): AsyncIterable<EngineEntry> {
    const frozen = Array.from(this.rangeSync(options))
    yield* frozen
  }

  rangeSync(options: RangeOptions): Iterable<EngineEntry> {
    this.assertOpen()
    return entriesOf(sliceOf(this.inOrder(), options))
  }

  async write(operations: readonly EngineOperation[]): Promise<void> {
    this.assertOpen()
    for (const { key, value } of operations) {
      const hash = hashBytes(key)
      const row = this.rows.find(key, hash)
      if (value === null) {
        if (row !== undefined) this.remove(row)
      } else if (row === undefined) {
        const added = new MemoryRow(latin1(key), hash, kept(value))
        this.rows.insert(added)
        this.reorder()?.insert(added)
      } else {
        row.value = kept(value)
      }
    }
  }

  async clear(range: KeyRange): Promise<void> {
    this.assertOpen()
    for (const row of sliceOf(this.inOrder(), range)) this.remove(row)
  }

  async compact(): Promise<void> {
    this.assertOpen()
  }

  snapshot(): EngineSnapshot {
    this.assertOpen()
    return new MemorySnapshot(sliceOf(this.inOrder(), {}))
  }

  stats(): EngineStats {
    return { rows: this.rows.size, diskBytes: 0 }
  }

  async close(): Promise<void> {
    this.isOpen = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private remove(row: MemoryRow): void {
    this.rows.remove(row)
    this.reorder()?.remove(row.key)
  }

  /** The order, if it is worth keeping for one more change. */
  private reorder(): SortedChunks<MemoryRow> | null {
    if (this.ordered !== null && ++this.unread > unreadMin + 2 * this.rows.size) this.ordered = null
    return this.ordered
  }

  private inOrder(): SortedChunks<MemoryRow> {
    this.unread = 0
    if (this.ordered !== null) return this.ordered
    const ordered = new SortedChunks<MemoryRow>()
    const rows = [...this.rows.values()].sort((one, other) => (one.key < other.key ? -1 : 1))
    for (const row of rows) ordered.insert(row)
    this.ordered = ordered
    return ordered
  }

  private assertOpen(): void {
    if (!this.isOpen) throw new FatalError('MR_STORE_CLOSED', { store: 'engine', task: this.name })
  }
}

/** A copy of the rows' places; values are shared, for nobody changes them. */
class MemorySnapshot implements EngineSnapshot {
  private readonly rows: SortedChunks<MemoryRow>

  constructor(rows: readonly MemoryRow[]) {
    this.rows = new SortedChunks()
    for (const row of rows) this.rows.insert(new MemoryRow(row.key, row.hash, row.value))
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.rows.get(latin1(key))?.value
  }

  async *range(options: RangeOptions): AsyncIterable<EngineEntry> {
    yield* entriesOf(sliceOf(this.rows, options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rows.clear()
  }
}

function sliceOf(rows: SortedChunks<MemoryRow>, options: RangeOptions): MemoryRow[] {
  const found = rows.slice({ from: options.gte && latin1(options.gte), to: options.lt && latin1(options.lt) })
  if (options.reverse === true) found.reverse()
  return options.limit === undefined || options.limit < 0 ? found : found.slice(0, options.limit)
}

function* entriesOf(rows: readonly MemoryRow[]): Iterable<EngineEntry> {
  for (const row of rows) yield { key: bytesOf(row.key), value: row.value }
}

class MemoryStores implements StoreEngineProvider {
  readonly persistent = false
  private readonly rowsByName = new Map<string, ByteMap<MemoryRow>>()
  private readonly openNames = new Set<string>()

  async open(name: string): Promise<StoreEngine> {
    if (this.openNames.has(name)) {
      throw new FatalError('MR_STORE_LOCKED', { directory: name, holder: 'this process' })
    }
    let rows = this.rowsByName.get(name)
    if (rows === undefined) this.rowsByName.set(name, (rows = new ByteMap()))
    this.openNames.add(name)
    const engine = new MemoryEngine(name, rows)
    const close = engine.close.bind(engine)
    engine.close = async () => {
      this.openNames.delete(name)
      await close()
    }
    return engine
  }

  async destroy(name: string): Promise<void> {
    this.rowsByName.delete(name)
  }

  async list(): Promise<readonly string[]> {
    return [...this.rowsByName.keys()]
  }

  async close(): Promise<void> {
    this.openNames.clear()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Engines that live in this process only. Rows of a closed engine stay until `destroy`, so that an engine can be closed
 * and opened again like one on disk.
 */
export function memoryStores(): StoreEngineProvider {
  return new MemoryStores()
}

/** One engine of its own, for stores of type `memory`. */
export function memoryEngine(name = 'memory'): StoreEngine {
  return new MemoryEngine(name, new ByteMap())
}
