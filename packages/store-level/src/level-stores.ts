/**
 * Engines on LevelDB in one state directory: a database per task.
 *
 * ```
 * <directory>/lock.json            pid and start of the owner
 * <directory>/<task>/marker.json   format version; written once the database exists
 * <directory>/<task>/db/           LevelDB
 * ```
 *
 * A marker without a database means that the database was lost: LevelDB itself would silently make an empty one.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FatalError, type StoreEngine, type StoreEngineProvider, TaskCorruptedError } from '@millrace/core/port'
import { DirectoryLock } from './directory-lock.ts'
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
const fewTasks = 8
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
  private lock: Promise<DirectoryLock> | null = null
  private reader: RangeReader | null = null

  constructor(options: LevelStoresOptions) {
    this.options = options
  }

  async open(name: string): Promise<StoreEngine> {
    await this.locked()
    const home = this.homeOf(name)
    if (this.engines.has(name)) throw new FatalError('MR_STORE_LOCKED', { directory: home, holder: 'this process' })
    const hasMarker = await this.readMarker(home)
    const location = join(home, 'db')
    const options = this.openOptions(!hasMarker)
    await made(home)
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
    await this.locked()
    const home = this.homeOf(name)
    if (this.engines.has(name)) throw new FatalError('MR_STORE_LOCKED', { directory: home, holder: 'this process' })
    try {
      await rm(home, { recursive: true, force: true })
    } catch (error) {
      throw levelFailure(error, home)
    }
  }

  async list(): Promise<readonly string[]> {
    await this.locked()
    const entries = await readdir(this.options.directory, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  }

  async close(): Promise<void> {
    await Promise.all([...this.engines.values()].map((engine) => engine.close()))
    await this.reader?.close()
    this.reader = null
    const lock = this.lock
    this.lock = null
    if (lock !== null) await (await lock).release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async locked(): Promise<void> {
    const attempt = (this.lock ??= DirectoryLock.take(this.options.directory))
    try {
      await attempt
    } catch (error) {
      if (this.lock === attempt) this.lock = null
      throw error
    }
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
    let text: string
    try {
      text = await readFile(join(home, 'marker.json'), 'utf8')
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return false
      throw levelFailure(error, home)
    }
    if (versionOf(text) === formatVersion) return true
    const reason = 'its marker is damaged or was written by another version of Millrace'
    throw new TaskCorruptedError('MR_STORE_CORRUPT', { store: home, reason })
  }
}

async function made(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true })
  } catch (error) {
    throw levelFailure(error, home)
  }
}

function versionOf(marker: string): unknown {
  try {
    return (JSON.parse(marker) as { format?: unknown }).format
  } catch {
    return undefined
  }
}

/** Whole or not at all: written beside, synced, then renamed. */
async function writeMarker(home: string, name: string): Promise<void> {
  const path = join(home, 'marker.json')
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(JSON.stringify({ format: formatVersion, task: name }))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}
