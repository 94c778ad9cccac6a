/** A store as its task sees it, for all kinds whose rows flush, stage and commit alike. */
import type { EngineOperation } from '../port/store-engine.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, FlushListener, LiveStore } from './host.ts'
import type { StateStore } from './store.ts'

/** The part below the view. */
export interface StoreRows {
  readonly definition: unknown
  readonly cache: { setListener(listener: FlushListener<never, never>, wantsOld: boolean): void } | null
  load(): Promise<void>
  flush(): void
  restore(records: readonly ChangelogRecord[]): void
  stage(into: EngineOperation[]): void
  committed(): void
  rollback(): void
  close?(): void
}

export class LiveRows<S extends StateStore> implements LiveStore<S> {
  readonly definition: StoreDefinition
  readonly view: S
  private readonly rows: StoreRows

  constructor(rows: StoreRows, view: S) {
    this.definition = rows.definition as StoreDefinition
    this.rows = rows
    this.view = view
  }

  async load(): Promise<void> {
    await this.rows.load()
  }

  setFlushListener(listener: FlushListener<never, never>, wantsOld: boolean): boolean {
    if (this.rows.cache === null) return false
    this.rows.cache.setListener(listener, wantsOld)
    return true
  }

  flush(): void {
    this.rows.flush()
  }

  restore(records: readonly ChangelogRecord[]): void {
    this.rows.restore(records)
  }

  stage(into: EngineOperation[]): void {
    this.rows.stage(into)
  }

  committed(): void {
    this.rows.committed()
  }

  rollback(): void {
    this.rows.rollback()
  }

  close(): void {
    ;(this.view as { isOpen: boolean }).isOpen = false
    this.rows.close?.()
  }
}
