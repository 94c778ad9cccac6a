/**
 * Engines on LevelDB in one state directory: a database per task.
 *
 * ```
 * <directory>/lock.json            pid and start of the owner
 * <directory>/<task>/marker.json   format version; written once the database exists
 * <directory>/<task>/db/           LevelDB
 * <directory>/<task>.damaged/      what was set aside last, until the user removes it
 * ```
 *
 * Only folders with our marker in them are listed, and nothing but marker and database is ever removed: whatever else lies
 * in the directory stays.
 *
 * A marker without a database means that the database was lost: LevelDB itself would silently make an empty one.
 */
import { mkdirSync } from 'node:fs'
import { open, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  FatalError,
  type FileLock,
  makeDirectory,
  type StoreEngine,
  type StoreEngineProvider,
  TaskCorruptedError,
} from '@millrace/core/port'
import { lockDirectory } from './directory-lock.ts'
import { levelDatabase, type LevelOpenOptions } from './level-database.ts'
import { LevelEngine } from './level-engine.ts'
import { levelFailure } from './level-errors.ts'
import { RangeReader } from './range-reader.ts'

export interface LevelStoresOptions {
  /** Where state lives; made if missing. One process at a time. */
  readonly directory: string
  /** LevelDB's log and table buffer per task, bytes; default 16 MiB for the first eight tasks, 4 MiB beyond. */
  readonly writeBufferBytes?: number
  /** LevelDB's block cache per task, bytes; default 8 MiB for the first eight tasks, 1 MiB beyond. */
  readonly cacheBytes?: number
  /** Greatest number of table files a task keeps open; default 1,000 for the first eight tasks, 100 beyond. */
  readonly filesOpenMax?: number
}

const formatVersion = 1
const markerName = 'marker.json'
const fewTasks = 8
const asideNamesMax = 9
const mebibyte = 1024 * 1024

/**
 * State stores on disk.
 *
 * @example
 * new StreamsApp(topology, { applicationId: 'orders', kafka, stores: levelStores({ directory: './state' }) })
 */
export function levelStores(options: LevelStoresOptions): StoreEngineProvider {
  return new LevelStores(options)
}

class LevelStores implements StoreEngineProvider {
  readonly persistent = true
  private readonly options: LevelStoresOptions
  private readonly engines = new Map<string, LevelEngine>()
  private lock: FileLock | null = null
  private reader: RangeReader | null = null

  constructor(options: LevelStoresOptions) {
    this.options = options
  }

  async open(name: string): Promise<StoreEngine> {
    const home = this.closedHome(name)
    const hasMarker = await this.readMarker(home)
    const location = join(home, 'db')
    const options = this.openOptions(!hasMarker)
    made(home)
    const database = levelDatabase(location, options)
    try {
      await database.open()
      if (!hasMarker) await writeMarker(home, name)
    } catch (error) {
      await database.close().catch(() => undefined)
      throw levelFailure(error, location, hasMarker)
    }
    const engine = new LevelEngine({
      name,
      database,
      options: { ...options, createIfMissing: false },
      rangeReader: () => (this.reader ??= new RangeReader()),
      closed: () => void this.engines.delete(name),
    })
    this.engines.set(name, engine)
    return engine
  }

  async destroy(name: string): Promise<void> {
    const home = this.closedHome(name)
    try {
      await removeEngine(home)
    } catch (error) {
      throw levelFailure(error, home)
    }
  }

  async setAside(name: string): Promise<string> {
    const home = this.closedHome(name)
    for (let attempt = 1; ; attempt++) {
      const aside = attempt === 1 ? `${home}.damaged` : `${home}.damaged-${attempt}`
      try {
        await removeEngine(aside)
        await rename(home, aside)
        return aside
      } catch (error) {
        // somebody else's files are in there: they stay, and another name is taken
        if (!isNotEmpty(error) || attempt === asideNamesMax) throw levelFailure(error, home)
      }
    }
  }

  async list(): Promise<readonly string[]> {
    this.locked()
    const entries = await readdir(this.options.directory, { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
    const marked = await Promise.all(
      folders.map(async (name) => taskOf(await this.markerOf(this.homeOf(name))) === name),
    )
    return folders.filter((_, i) => marked[i])
  }

  async close(): Promise<void> {
    await Promise.all([...this.engines.values()].map((engine) => engine.close()))
    await this.reader?.close()
    this.reader = null
    this.lock?.release()
    this.lock = null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private locked(): void {
    this.lock ??= lockDirectory(this.options.directory)
  }

  /** Folder of an engine that must not be open. */
  private closedHome(name: string): string {
    this.locked()
    const home = this.homeOf(name)
    if (this.engines.has(name)) throw new FatalError('MR_STORE_LOCKED', { directory: home, holder: 'this process' })
    return home
  }

  private homeOf(name: string): string {
    if (/[/\\]|^\.\.?$|^$/.test(name)) {
      throw new FatalError('MR_STORE_DIRECTORY', { directory: name, reason: 'it is not the name of an engine' })
    }
    return join(this.options.directory, name)
  }

  private openOptions(createIfMissing: boolean): LevelOpenOptions {
    const isFew = this.engines.size < fewTasks
    return {
      createIfMissing,
      compression: false,
      multithreading: true,
      writeBufferSize: this.options.writeBufferBytes ?? (isFew ? 16 : 4) * mebibyte,
      cacheSize: this.options.cacheBytes ?? (isFew ? 8 : 1) * mebibyte,
      maxOpenFiles: this.options.filesOpenMax ?? (isFew ? 1_000 : 100),
    }
  }

  /** @returns whether there is one. @throws {MR_STORE_CORRUPT} it is unreadable or of another format */
  private async readMarker(home: string): Promise<boolean> {
    const marker = await this.markerOf(home)
    if (marker === null) return false
    if (fieldsOf(marker).format === formatVersion) return true
    const reason = 'its marker is damaged or was written by another version of Millrace'
    throw new TaskCorruptedError('MR_STORE_CORRUPT', { store: home, reason })
  }

  /** Its text; null: there is none. */
  private async markerOf(home: string): Promise<string | null> {
    try {
      return await readFile(join(home, markerName), 'utf8')
    } catch (error) {
      if (['ENOENT', 'EISDIR'].includes((error as { code?: string }).code ?? '')) return null
      throw levelFailure(error, home)
    }
  }
}

function made(home: string): void {
  try {
    makeDirectory(home, { mkdirSync, dirname })
  } catch (error) {
    throw levelFailure(error, home)
  }
}

/** Removes marker and database, the marker last; and the folder when nothing else is in it. */
async function removeEngine(home: string): Promise<void> {
  await rm(join(home, 'db'), { recursive: true, force: true })
  await rm(join(home, `${markerName}.new`), { force: true })
  await rm(join(home, markerName), { force: true })
  try {
    await rmdir(home)
  } catch (error) {
    if (!isNotEmpty(error) && (error as { code?: string }).code !== 'ENOENT') throw error
  }
}

function isNotEmpty(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes((error as { code?: string }).code ?? '')
}

interface Marker {
  readonly format?: unknown
  readonly task?: unknown
}

function fieldsOf(marker: string): Marker {
  try {
    return (JSON.parse(marker) ?? {}) as Marker
  } catch {
    return {}
  }
}

/** The engine that a marker says it is of. */
function taskOf(marker: string | null): unknown {
  return marker === null ? undefined : fieldsOf(marker).task
}

/** Whole or not at all: written beside, synced, then renamed. */
async function writeMarker(home: string, name: string): Promise<void> {
  const path = join(home, markerName)
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(JSON.stringify({ format: formatVersion, task: name }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
