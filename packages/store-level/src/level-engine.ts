/**
 * One LevelDB database as a store engine: point reads at once, writes as one chained batch, ranges from snapshots.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type EngineEntry,
  type EngineOperation,
  type EngineSnapshot,
  type EngineStats,
  FatalError,
  type KeyRange,
  type RangeOptions,
  type StoreEngine,
} from '@millrace/core/port'
import type { LevelDatabase, LevelOpenOptions, LevelRange, LevelSnapshot } from './level-database.ts'
import { levelFailure } from './level-errors.ts'
import type { RangeReader } from './range-reader.ts'

const rowsPerRead = 1_000
const readAheadBytes = 1024 * 1024

/** What an engine needs of its provider. */
export interface LevelEngineParts {
  readonly name: string
  readonly database: LevelDatabase
  readonly options: LevelOpenOptions
  /** The process's blocking reader, started when first asked for. */
  rangeReader(): RangeReader
  /** Called once, when the engine is closed. */
  closed(): void
}

export class LevelEngine implements StoreEngine {
  readonly supports = { getSync: true, rangeSync: true, snapshots: true }
  private readonly parts: LevelEngineParts
  private readonly database: LevelDatabase
  private reader: RangeReader | null = null
  private closing: Promise<void> | null = null

  constructor(parts: LevelEngineParts) {
    this.parts = parts
    this.database = parts.database
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    try {
      const value = this.database.getSync(key)
      return value === undefined ? undefined : plain(value)
    } catch (error) {
      throw this.failure(error)
    }
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    try {
      const values = await this.database.getMany([...keys])
      return values.map((value) => (value === undefined ? undefined : plain(value)))
    } catch (error) {
      throw this.failure(error)
    }
  }

  async *range(options: RangeOptions): AsyncGenerator<EngineEntry> {
    yield* this.iterate(options)
  }

  *rangeSync(options: RangeOptions): Generator<EngineEntry> {
    this.assertOpen()
    this.reader ??= this.parts.rangeReader()
    yield* this.reader.range(this.database.location, this.parts.options, options)
  }

  async write(operations: readonly EngineOperation[], options?: { readonly sync?: boolean }): Promise<void> {
    const sync = options?.sync === true
    if (operations.length === 0 && !sync) return
    try {
      const batch = this.database.batch()
      for (const { key, value } of operations) {
        if (value === null) batch.del(key)
        else batch.put(key, value)
      }
      await batch.write({ sync })
    } catch (error) {
      throw this.failure(error)
    }
  }

  async clear(range: KeyRange): Promise<void> {
    try {
      await this.database.clear(bounds(range))
    } catch (error) {
      throw this.failure(error)
    }
  }

  async compact(range: KeyRange): Promise<void> {
    try {
      await this.database.compactRange(range.gte ?? Uint8Array.of(0), range.lt ?? new Uint8Array(64).fill(0xff))
    } catch (error) {
      throw this.failure(error)
    }
  }

  snapshot(): EngineSnapshot {
    this.assertOpen()
    const snapshot = this.database.snapshot()
    return {
      get: async (key) => {
        const value = await this.database.get(key, { snapshot })
        return value === undefined ? undefined : plain(value)
      },
      range: (options) => this.iterate(options, snapshot),
      [Symbol.asyncDispose]: () => snapshot.close(),
    }
  }

  stats(): EngineStats {
    let diskBytes = 0
    try {
      for (const file of readdirSync(this.database.location)) {
        diskBytes += statSync(join(this.database.location, file)).size
      }
    } catch {
      // a file went away while it was counted
    }
    return { rows: -1, diskBytes, writeBufferBytes: this.parts.options.writeBufferSize }
  }

  async close(): Promise<void> {
    this.closing ??= this.closeOnce()
    await this.closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async closeOnce(): Promise<void> {
    try {
      this.reader?.release(this.database.location, this.parts.options)
      await this.database.close()
    } catch (error) {
      throw this.failure(error)
    } finally {
      this.parts.closed()
    }
  }

  private async *iterate(options: RangeOptions, snapshot?: LevelSnapshot): AsyncGenerator<EngineEntry> {
    this.assertOpen()
    const at = snapshot === undefined ? {} : { snapshot }
    const iterator = this.database.iterator({ ...bounds(options), ...at, highWaterMarkBytes: readAheadBytes })
    try {
      for (;;) {
        const rows = await iterator.nextv(rowsPerRead)
        if (rows.length === 0) return
        for (const [key, value] of rows) yield { key: plain(key), value: plain(value) }
      }
    } catch (error) {
      throw this.failure(error)
    } finally {
      await iterator.close()
    }
  }

  private failure(error: unknown): Error {
    if ((error as { code?: string }).code === 'LEVEL_DATABASE_NOT_OPEN') return this.notOpen()
    return levelFailure(error, this.database.location)
  }

  private assertOpen(): void {
    if (this.closing !== null) throw this.notOpen()
  }

  private notOpen(): FatalError {
    return new FatalError('MR_STORE_CLOSED', { store: 'engine', task: this.parts.name })
  }
}

/** LevelDB hands out Buffers; above the engine everything is a plain Uint8Array. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

function bounds(options: RangeOptions): LevelRange {
  const { gte, lt, reverse, limit } = options
  return {
    ...(gte === undefined ? {} : { gte }),
    ...(lt === undefined ? {} : { lt }),
    ...(reverse === undefined ? {} : { reverse }),
    ...(limit === undefined ? {} : { limit }),
  }
}
