/**
 * The lock of a state directory: a file with the pid of its owner and, where the system tells, the time at which that
 * process started, so that a lock left by a crash is taken over even when its pid was given to somebody else.
 *
 * LevelDB's own lock guards each database; this one guards the directory and can say who holds it.
 */
import { readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FatalError } from '@millrace/core/port'
import { levelFailure } from './level-errors.ts'

const fileName = 'lock.json'
const attemptsMax = 5

interface Owner {
  readonly pid: number
  /** Clock ticks since boot at which the process started; null where the system does not tell. */
  readonly started: string | null
}

export class DirectoryLock {
  private readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /**
   * Takes the lock, creating the directory.
   *
   * @throws {MR_STORE_LOCKED} (FatalError) a living process holds it; the error names its pid
   * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) the file cannot be written
   */
  static async take(directory: string): Promise<DirectoryLock> {
    const path = join(directory, fileName)
    const self: Owner = { pid: process.pid, started: startOf(process.pid) }
    try {
      await mkdir(directory, { recursive: true })
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        if (await created(path, self)) return new DirectoryLock(path)
        const owner = await readOwner(path)
        if (owner !== null && isAlive(owner)) throw locked(directory, owner)
        await setAside(path, owner)
      }
    } catch (error) {
      throw error instanceof FatalError ? error : levelFailure(error, directory)
    }
    throw locked(directory, null)
  }

  async release(): Promise<void> {
    await rm(this.path, { force: true })
  }
}

async function created(path: string, owner: Owner): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify(owner), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as { code?: string }).code === 'EEXIST') return false
    throw error
  }
}

/** Null: gone meanwhile, or unreadable (half written by a process that died). */
async function readOwner(path: string): Promise<Owner | null> {
  try {
    const owner = JSON.parse(await readFile(path, 'utf8')) as Owner
    return typeof owner.pid === 'number' ? owner : null
  } catch {
    return null
  }
}

/** Moves a stale lock away; if somebody else replaced it meanwhile, theirs is put back. */
async function setAside(path: string, stale: Owner | null): Promise<void> {
  const aside = `${path}.${process.pid}`
  try {
    await rename(path, aside)
  } catch {
    return
  }
  const moved = await readOwner(aside)
  if (moved !== null && isAlive(moved) && moved.pid !== stale?.pid) await rename(aside, path)
  else await rm(aside, { force: true })
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return false
  }
  return owner.started === null || startOf(owner.pid) === owner.started
}

/** Field 22 of /proc/<pid>/stat; its command name may hold anything, so the fields are counted from its closing bracket. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}

function locked(directory: string, owner: Owner | null): FatalError {
  const holder =
    owner === null ? 'another process' : owner.pid === process.pid ? 'this process' : `process ${owner.pid}`
  return new FatalError('MR_STORE_LOCKED', { directory, holder })
}
