/** Times kept with a store (`KeepsTime`): one engine row, written with the next batch whenever one of them moved. */
import type { EngineOperation, StoreEngine } from '../port/store-engine.ts'
import { readInt64, writeInt64 } from './int64.ts'
import { metaKind, rowPrefix } from './key-layout.ts'
import type { KeepsTime } from './store.ts'

export class KeptTimes implements KeepsTime {
  observedStreamTimeMs = -1
  lastEmittedMs = -1
  private readonly engine: StoreEngine
  private readonly key: Uint8Array
  private written = [-1, -1, -1]

  constructor(engine: StoreEngine, enginePrefix: Uint8Array) {
    this.engine = engine
    this.key = rowPrefix(enginePrefix, metaKind)
  }

  /** Reads the row. @returns the store's own greatest time, −1 when there is none */
  load(): number {
    const row = this.engine.getSync(this.key)
    this.written = row === undefined ? [-1, -1, -1] : [readInt64(row, 0), readInt64(row, 8), readInt64(row, 16)]
    this.observedStreamTimeMs = this.written[0] as number
    this.lastEmittedMs = this.written[1] as number
    return this.written[2] as number
  }

  /** A restored record had this time. */
  restored(timestampMs: number): void {
    if (timestampMs > this.observedStreamTimeMs) this.observedStreamTimeMs = timestampMs
  }

  /** @param storeMs the store's own greatest time */
  stage(into: EngineOperation[], storeMs: number): void {
    const times = [this.observedStreamTimeMs, this.lastEmittedMs, storeMs]
    if (times.every((time, i) => time === this.written[i])) return
    const row = new Uint8Array(24)
    for (const [i, time] of times.entries()) writeInt64(row, i * 8, time)
    into.push({ key: this.key, value: row })
    this.written = times
  }
}
