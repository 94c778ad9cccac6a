/** One row of an engine. */
export interface EngineEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Keys from `gte` (inclusive) to `lt` (exclusive), as unsigned bytes; absent = no bound. */
export interface KeyRange {
  readonly gte?: Uint8Array
  readonly lt?: Uint8Array
}

export interface RangeOptions extends KeyRange {
  readonly reverse?: boolean
  readonly limit?: number
}

/** A put, or with `value: null` a delete. */
export interface EngineOperation {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A frozen view; reads from it see nothing written after it was made. */
export interface EngineSnapshot extends AsyncDisposable {
  get(key: Uint8Array): Promise<Uint8Array | undefined>
  range(options: RangeOptions): AsyncIterable<EngineEntry>
}

export interface EngineStats {
  /** Approximate number of rows, −1 when unknown. */
  readonly rows: number
  /** Bytes on disk, 0 in memory. */
  readonly diskBytes: number
  /** Greatest number of bytes that a crash may take from the end of the log; 0 or absent: none. */
  readonly writeBufferBytes?: number
}

/**
 * One ordered byte store per task; keys compare as unsigned bytes; one writer.
 *
 * The same contract suite (`testing`, storeEngineContract) runs against every implementation. See docs/decisions for
 * why nothing on the record path writes to an engine: writes are staged in memory and handed over once per commit.
 */
export interface StoreEngine extends AsyncDisposable {
  readonly supports: { readonly getSync: boolean; readonly rangeSync: boolean; readonly snapshots: boolean }
  /** The value, or undefined; a fresh array that the caller may keep. */
  getSync(key: Uint8Array): Uint8Array | undefined
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** From an implicit snapshot; throws at the end if a block was damaged. */
  range(options: RangeOptions): AsyncIterable<EngineEntry>
  /** The same, blocking; only for ranges that a processor asks for while a record is processed. */
  rangeSync(options: RangeOptions): Iterable<EngineEntry>
  /** All or nothing. When resolved it survives the process; the machine only with `sync`. */
  write(operations: readonly EngineOperation[], options?: { readonly sync?: boolean }): Promise<void>
  /** Not atomic: may stop half-way; call again. */
  clear(range: KeyRange): Promise<void>
  compact(range: KeyRange): Promise<void>
  snapshot(): EngineSnapshot
  stats(): EngineStats
  close(): Promise<void>
}

/** Opens and destroys the engines of one state directory (or of memory). */
export interface StoreEngineProvider extends AsyncDisposable {
  /** True when rows survive the process. */
  readonly persistent: boolean
  /**
   * Opens the engine of a task (`0_3`) or of the global stores (`global`), creating it if it does not exist.
   *
   * @throws {MR_STORE_CORRUPT} (TaskCorruptedError) damaged: the caller calls `setAside`, opens again and restores
   * @throws {MR_STORE_DISK_FULL} {MR_STORE_DIRECTORY} (FatalError) never a reason to wipe
   */
  open(name: string): Promise<StoreEngine>
  /** Removes the engine's rows; it must be closed. */
  destroy(name: string): Promise<void>
  /**
   * Takes a damaged engine, which must be closed, out of the way and keeps what is left of it for the user; only the last
   * one of each name need be kept. Where there is nothing to keep, as in memory, a provider does without: `destroy`.
   *
   * @returns the place where it is now
   */
  setAside?(name: string): Promise<string>
  /** Names of the engines that exist: those that this provider made, whatever else lies beside them. Makes nothing. */
  list(): Promise<readonly string[]>
  close(): Promise<void>
}
