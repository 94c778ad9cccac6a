/**
 * Older versions of the rows of a versioned store: per key a list ordered by time, in memory whole, forgotten by segments.
 *
 * A version is valid from its own time to that of the next one and belongs to the segment of its end, as in Kafka. When the
 * newest thing known of a key is a deletion, it stands at the end of the list with its end equal to its start.
 *
 * Engine rows: `segment of validTo 4 ‖ key escaped ‖ validFrom 8` → `validTo 8 ‖ 1 = value, 0 = none ‖ value`.
 */
import type { EngineOperation, StoreEngine } from '../port/store-engine.ts'
import { expiredShare } from './expiry.ts'
import { readInt64, writeInt64 } from './int64.ts'
import { afterPrefix, bytesOf, latin1 } from './key-bytes.ts'
import { readSegmentedKey, readSortable, segmentedKey, writeSortable } from './key-layout.ts'

export interface Version {
  readonly fromMs: number
  /** Equal to `fromMs` in a deletion that nothing follows. */
  toMs: number
  bytes: Uint8Array | null
}

const engineIntervalMin = 1_000

export class VersionHistory {
  private readonly engine: StoreEngine
  private readonly prefix: Uint8Array
  private readonly intervalMs: number
  private readonly engineIntervalMs: number
  private readonly lists = new Map<string, Version[]>()
  /** Keys with versions that end in a segment. */
  private readonly segments = new Map<number, Set<string>>()
  /** Engine keys (as text) changed since the last batch. */
  private changed = new Map<string, Uint8Array | null>()
  private expired: string[] = []

  constructor(engine: StoreEngine, prefix: Uint8Array, intervalMs: number) {
    this.engine = engine
    this.prefix = prefix
    this.intervalMs = intervalMs
    this.engineIntervalMs = Math.max(intervalMs, engineIntervalMin)
  }

  async load(): Promise<void> {
    // What this object has just restored is in the engine too.
    this.lists.clear()
    this.segments.clear()
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const row of this.engine.range({ gte: this.prefix, lt })) {
      const { key, end } = readSegmentedKey(row.key, this.prefix.length)
      const bytes = row.value[8] === 1 ? row.value.subarray(9) : null
      this.insert(key, { fromMs: readSortable(row.key, end), toMs: readInt64(row.value, 0), bytes })
    }
  }

  /** Versions of a key, oldest first; empty when there are none. */
  of(key: string): readonly Version[] {
    return this.lists.get(key) ?? []
  }

  keys(): IterableIterator<string> {
    return this.lists.keys()
  }

  /** Adds a version in its place by time. */
  add(key: string, version: Version): void {
    this.insert(key, version)
    this.write(key, version)
  }

  /** Moves the end of a version. */
  end(key: string, version: Version, toMs: number): void {
    this.changed.set(this.engineKey(key, version), null)
    version.toMs = toMs
    this.track(key, version)
    this.write(key, version)
  }

  replace(key: string, version: Version, bytes: Uint8Array | null): void {
    version.bytes = bytes
    this.write(key, version)
  }

  remove(key: string, version: Version): void {
    this.changed.set(this.engineKey(key, version), null)
    const list = this.lists.get(key) ?? []
    list.splice(list.indexOf(version), 1)
    if (list.length === 0) this.lists.delete(key)
  }

  /** Forgets the versions of segments that end before the one of this time. */
  expire(oldestMs: number): void {
    const live = Math.floor(oldestMs / this.intervalMs)
    for (const [id, keys] of this.segments) {
      if (id >= live) continue
      this.segments.delete(id)
      for (const key of keys) this.expireKey(key, live)
    }
  }

  stage(into: EngineOperation[]): void {
    for (const [key, value] of this.changed) into.push({ key: bytesOf(key), value })
    this.changed = new Map()
    for (const key of this.expired.splice(0, expiredShare(this.expired.length)))
      into.push({ key: bytesOf(key), value: null })
  }

  clear(): void {
    this.lists.clear()
    this.segments.clear()
    this.changed = new Map()
    this.expired = []
  }

  private expireKey(key: string, live: number): void {
    const list = this.lists.get(key)
    if (list === undefined) return
    const kept = list.filter((version) => {
      const isLive = Math.floor(version.toMs / this.intervalMs) >= live
      if (!isLive) this.expired.push(this.engineKey(key, version))
      return isLive
    })
    if (kept.length === 0) this.lists.delete(key)
    else this.lists.set(key, kept)
  }

  private insert(key: string, version: Version): void {
    const list = this.lists.get(key)
    if (list === undefined) this.lists.set(key, [version])
    else list.splice(placeOf(list, version.fromMs), 0, version)
    this.track(key, version)
  }

  private track(key: string, version: Version): void {
    const id = Math.floor(version.toMs / this.intervalMs)
    const keys = this.segments.get(id)
    if (keys === undefined) this.segments.set(id, new Set([key]))
    else keys.add(key)
  }

  private write(key: string, version: Version): void {
    const { bytes } = version
    const row = new Uint8Array(9 + (bytes?.length ?? 0))
    writeInt64(row, 0, version.toMs)
    if (bytes !== null) {
      row[8] = 1
      row.set(bytes, 9)
    }
    this.changed.set(this.engineKey(key, version), row)
  }

  private engineKey(key: string, version: Version): string {
    const bytes = segmentedKey(this.prefix, Math.floor(version.toMs / this.engineIntervalMs), key, 8)
    writeSortable(bytes, bytes.length - 8, version.fromMs)
    return latin1(bytes)
  }
}

/** Index of the first version that begins after a time. */
export function placeOf(versions: readonly Version[], timestampMs: number): number {
  let place = versions.length
  while (place > 0 && (versions[place - 1] as Version).fromMs > timestampMs) place--
  return place
}
