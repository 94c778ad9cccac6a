/** The part of `level` that this package uses, with the four things that its types leave out. */
import { Level } from 'level'

type Bytes = Uint8Array

export interface LevelRange {
  readonly gte?: Bytes
  readonly lt?: Bytes
  readonly reverse?: boolean
  readonly limit?: number
}

export interface LevelIterator {
  nextv(size: number): Promise<[Bytes, Bytes][]>
  close(): Promise<void>
}

export interface LevelSnapshot {
  close(): Promise<void>
}

export interface LevelBatch {
  put(key: Bytes, value: Bytes): LevelBatch
  del(key: Bytes): LevelBatch
  write(options: { readonly sync: boolean }): Promise<void>
}

/** An abstract-level database with byte keys and values, `getSync` and snapshots. */
export interface LevelDatabase {
  readonly location: string
  open(): Promise<void>
  close(): Promise<void>
  get(key: Bytes, options: { readonly snapshot?: LevelSnapshot }): Promise<Bytes | undefined>
  getSync(key: Bytes): Bytes | undefined
  getMany(keys: Bytes[]): Promise<(Bytes | undefined)[]>
  iterator(
    options: LevelRange & { readonly snapshot?: LevelSnapshot; readonly highWaterMarkBytes?: number },
  ): LevelIterator
  batch(): LevelBatch
  clear(range: LevelRange): Promise<void>
  snapshot(): LevelSnapshot
  compactRange(start: Bytes, end: Bytes): Promise<void>
}

export interface LevelOpenOptions {
  readonly createIfMissing: boolean
  readonly compression: boolean
  readonly writeBufferSize: number
  readonly cacheSize: number
  readonly maxOpenFiles: number
  /** Lets the range reader's thread open the same database. */
  readonly multithreading: boolean
}

/** A database that `open()` opens. The options go with the constructor, for a database opens by itself in the next tick. */
export function levelDatabase(location: string, options: LevelOpenOptions): LevelDatabase {
  const level = new Level<Bytes, Bytes>(location, { ...options, keyEncoding: 'view', valueEncoding: 'view' })
  return level as unknown as LevelDatabase
}
