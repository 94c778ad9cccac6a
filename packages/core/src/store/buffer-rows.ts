/**
 * What the three buffers have in common: entries in key order, kept in memory whole, written to the engine with the next
 * batch, read back by `load`. The engine key of an entry is the store's prefix and the entry's own ordered key.
 */
import type { EngineOperation, StoreEngine } from '../port/store-engine.ts'
import { StreamsError } from '../errors.ts'
import type { StoreDefinition } from './definition.ts'
import type { StoreHost } from './host.ts'
import { KeptTimes } from './kept-times.ts'
import { afterPrefix, latin1, prefixed } from './key-bytes.ts'
import { rowPrefix } from './key-layout.ts'
import { type Keyed, SortedChunks } from './sorted-chunks.ts'
import type { KeepsTime } from './store.ts'

/** Estimated bytes of a changed entry beside its content. */
const entryBytes = 160

export abstract class BufferRows<E extends Keyed> implements KeepsTime {
  readonly definition: StoreDefinition<never, never>
  readonly cache = null
  readonly name: string
  readonly persistent: boolean
  isOpen = true
  protected readonly host: StoreHost
  protected readonly entries: SortedChunks<E> = new SortedChunks()
  protected readonly times: KeptTimes
  private readonly engine: StoreEngine
  private readonly prefix: Uint8Array
  /** Changed since the last batch, with the bytes accounted for. */
  private changed = new Map<string, number>()
  private writing: Map<string, number> | null = null

  constructor(definition: StoreDefinition<never, never>, host: StoreHost) {
    this.definition = definition
    this.name = definition.name
    this.persistent = definition.type === 'disk'
    this.host = host
    this.engine = host.engine
    this.prefix = rowPrefix(host.enginePrefix, 0)
    this.times = new KeptTimes(host.engine, host.enginePrefix)
  }

  get observedStreamTimeMs(): number {
    return this.times.observedStreamTimeMs
  }

  set observedStreamTimeMs(timeMs: number) {
    this.times.observedStreamTimeMs = timeMs
  }

  get lastEmittedMs(): number {
    return this.times.lastEmittedMs
  }

  set lastEmittedMs(timeMs: number) {
    this.times.lastEmittedMs = timeMs
  }

  async load(): Promise<void> {
    // What this object has just restored is in the engine too.
    this.entries.clear()
    this.forget()
    this.loadedTime(this.times.load())
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const row of this.engine.range({ gte: this.prefix, lt })) {
      const entry = this.decodeEntry(latin1(row.key, this.prefix.length), row.value)
      this.entries.insert(entry)
      this.added(entry)
    }
  }

  stage(into: EngineOperation[]): void {
    for (const key of this.changed.keys()) {
      const entry = this.entries.get(key)
      into.push({ key: prefixed(this.prefix, key), value: entry === undefined ? null : this.encodeEntry(entry) })
    }
    this.times.stage(into, this.ownTimeMs())
    if (this.writing === null) this.writing = this.changed
    else for (const [key, bytes] of this.changed) this.writing.set(key, bytes + (this.writing.get(key) ?? 0))
    this.changed = new Map()
  }

  committed(): void {
    if (this.writing === null) return
    this.release(this.writing)
    this.writing = null
  }

  rollback(): void {
    this.release(this.changed)
    if (this.writing !== null) this.release(this.writing)
    this.changed = new Map()
    this.writing = null
    this.entries.clear()
    this.forget()
  }

  /** The engine's row of an entry; also what its changelog holds. */
  protected abstract encodeEntry(entry: E): Uint8Array
  protected abstract decodeEntry(key: string, row: Uint8Array): E
  /** An entry was read from the engine. */
  protected abstract added(entry: E): void
  /** All entries were dropped. */
  protected abstract forget(): void

  /** The buffer's own stream time, kept beside the operator's. */
  protected ownTimeMs(): number {
    return -1
  }

  protected loadedTime(_timeMs: number): void {}

  protected insert(entry: E): void {
    this.entries.insert(entry)
    this.touch(entry.key)
  }

  protected delete(key: string): void {
    this.entries.remove(key)
    this.touch(key)
  }

  /** The entry's row must be written. */
  protected touch(key: string): void {
    if (this.changed.has(key)) return
    const bytes = key.length + entryBytes
    this.changed.set(key, bytes)
    this.host.pinnedBytes(bytes)
  }

  protected assertOpen(): void {
    if (!this.isOpen) throw new StreamsError('MR_STORE_CLOSED', { store: this.name, task: this.host.taskName })
  }

  private release(changed: ReadonlyMap<string, number>): void {
    let freed = 0
    for (const bytes of changed.values()) freed += bytes
    if (freed > 0) this.host.pinnedBytes(-freed)
  }
}
