/**
 * A store with everything around it that a task would give: current record, changelog, commits. For tests of stores.
 */
import type { EngineOperation, StoreEngine } from '@millrace/core/port'
import type { Headers, StateStore, StoreDefinition } from '@millrace/core'
import {
  type ChangelogRecord,
  type CurrentRecord,
  type LiveStore,
  memoryEngine,
  openStore,
  ReadBudget,
  type StoreHost,
} from '@millrace/core/internal'

export interface HostedStoreOptions {
  readonly engine?: StoreEngine
  /** 0 = caching off whatever the definition says. Default 10 MB. */
  readonly cacheBytesMax?: number
  readonly cleanRowsMax?: number
  /** Memory for rows read from the engine. */
  readonly readBytesMax?: number
  /** Index of the store in the task; rows of stores do not mix. */
  readonly index?: number
}

/** One changelog record as the task would send it; a null time = without timestamp. */
export interface LoggedRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
  readonly headers: Headers
}

export class HostedStore<S extends StateStore> {
  readonly live: LiveStore<S>
  readonly engine: StoreEngine
  readonly current: CurrentRecord = { timestampMs: 0, headers: [] }
  readonly changelog: LoggedRecord[] = []
  droppedRecords = 0
  pinnedBytes = 0

  constructor(definition: StoreDefinition<never, never>, options: HostedStoreOptions = {}) {
    this.engine = options.engine ?? memoryEngine()
    const host: StoreHost = {
      taskName: '0_0',
      engine: this.engine,
      enginePrefix: Uint8Array.of(0, options.index ?? 1),
      current: this.current,
      changelog:
        definition.logging === false
          ? null
          : (key, value, timestampMs, headers) => {
              this.changelog.push({ key, value, timestampMs, headers })
            },
      changelogTopic: `app-${definition.name}-changelog`,
      droppedRecord: () => {
        this.droppedRecords++
      },
      pinnedBytes: (delta) => {
        this.pinnedBytes += delta
      },
      cacheBytesMax: options.cacheBytesMax ?? 10 * 1024 * 1024,
      nowMs: () => 0,
      ...(options.cleanRowsMax === undefined ? {} : { cleanRowsMax: options.cleanRowsMax }),
      ...(options.readBytesMax === undefined ? {} : { readBudget: new ReadBudget(options.readBytesMax) }),
    }
    this.live = openStore(definition, host) as LiveStore<S>
  }

  get view(): S {
    return this.live.view
  }

  /** Sets what the next put sees as the record being processed. */
  at(timestampMs: number, headers: Headers = []): this {
    this.current.timestampMs = timestampMs
    this.current.headers = headers
    return this
  }

  /** Flush, one engine batch, done. */
  async commit(): Promise<void> {
    this.live.flush()
    const operations: EngineOperation[] = []
    this.live.stage(operations)
    await this.engine.write(operations)
    this.live.committed()
  }

  /** The transaction was aborted. */
  async rollback(): Promise<void> {
    this.live.rollback()
    await this.live.load()
  }

  /** What a restore would read: the changelog as it is, times filled in. */
  changelogRecords(): ChangelogRecord[] {
    return this.changelog.map((record) => ({ ...record, timestampMs: record.timestampMs ?? 0 }))
  }
}

/** Opens and loads a store. */
export async function hostedStore<S extends StateStore>(
  definition: StoreDefinition<never, never>,
  options: HostedStoreOptions = {},
): Promise<HostedStore<S>> {
  const hosted = new HostedStore<S>(definition, options)
  await hosted.live.load()
  return hosted
}
