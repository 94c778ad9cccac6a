/**
 * The directory of one application in one process: its lock and the process id that is kept over restarts.
 *
 * Layout: `.lock` (who uses it: pid and start of that process), `.process` (process id: the group's assignor gives a
 * restarted process its tasks back by it), `tasks/` (the engines). LevelDB locks single engines only, and a second
 * process would notice when it is given the same task; the lock says so at start.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FatalError } from '@millrace/core'
import type { Random } from '@millrace/core/port'

/** A directory that this process holds until `release`. */
export interface StateDirectory {
  readonly path: string
  /** 32 hexadecimal digits. */
  readonly processId: string
  /** Where the engines go. */
  readonly tasksPath: string
  /** Gives the lock back; twice is harmless. */
  release(): Promise<void>
}

interface LockOwner {
  readonly pid: number
  /** Start of the process as the system counts it; empty where it cannot be read. */
  readonly started: string
}

/** Directories held by this process: the pid alone could not tell two applications in it apart. */
const heldHere = new Set<string>()

/**
 * Takes a directory, creating it if needed. A lock whose process is gone is taken over.
 *
 * @throws {MR_RUNTIME_DIRECTORY_LOCKED} (FatalError) another application uses it
 * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) it cannot be created or written
 */
export async function takeStateDirectory(path: string, random: Random): Promise<StateDirectory> {
  const lock = join(path, '.lock')
  const tasksPath = join(path, 'tasks')
  try {
    await mkdir(tasksPath, { recursive: true })
    await takeLock(path, lock, random)
    const processId = await readProcessId(join(path, '.process'), random)
    return {
      path,
      processId,
      tasksPath,
      release: async () => {
        if (heldHere.delete(lock)) await rm(lock, { force: true })
      },
    }
  } catch (error) {
    throw directoryError(path, error)
  }
}

async function takeLock(path: string, lock: string, random: Random): Promise<void> {
  const mine: LockOwner = { pid: process.pid, started: startOf(process.pid) }
  for (let attempt = 0; attempt < 5; attempt++) {
    if (heldHere.has(lock)) throw lockedBy(path, mine.pid)
    try {
      await writeFile(lock, JSON.stringify(mine), { flag: 'wx' })
      heldHere.add(lock)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error
    }
    const owner = await readOwner(lock)
    if (owner === null) continue
    if (isAlive(owner)) throw lockedBy(path, owner.pid)
    // Moved aside first: of two processes that see the same stale lock only one can move it.
    const stale = `${lock}.${hex(random.bytes(8))}`
    try {
      await rename(lock, stale)
    } catch {
      continue
    }
    const moved = await readOwner(stale)
    if (moved !== null && isAlive(moved)) {
      // Another process was quicker and this is its lock: give it back.
      await rename(stale, lock)
      throw lockedBy(path, moved.pid)
    }
    await rm(stale, { force: true })
  }
  throw lockedBy(path, 0)
}

async function readOwner(file: string): Promise<LockOwner | null> {
  try {
    const owner = JSON.parse(await readFile(file, 'utf8')) as Partial<LockOwner>
    return { pid: owner.pid ?? 0, started: owner.started ?? '' }
  } catch (error) {
    // Half-written by a process that died: nobody's.
    return error instanceof SyntaxError ? { pid: 0, started: '' } : null
  }
}

function isAlive(owner: LockOwner): boolean {
  if (owner.pid <= 0) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return false
  }
  const started = startOf(owner.pid)
  return started === '' || owner.started === '' || started === owner.started
}

/** Start time of a process in ticks since boot, from Linux; elsewhere empty, and a reused pid looks alive. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

async function readProcessId(file: string, random: Random): Promise<string> {
  try {
    const id = (JSON.parse(await readFile(file, 'utf8')) as { processId?: unknown }).processId
    if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) return id
  } catch {
    // Missing or damaged: a new identity costs one rebalance, nothing else.
  }
  const processId = newProcessId(random)
  await writeFile(file, JSON.stringify({ version: 1, processId }))
  return processId
}

/** A random id in the form of a version 4 UUID without dashes. */
export function newProcessId(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return hex(bytes)
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function lockedBy(directory: string, pid: number): FatalError {
  return new FatalError('MR_RUNTIME_DIRECTORY_LOCKED', { directory, pid })
}

function directoryError(directory: string, error: unknown): unknown {
  const { code, message } = error as { code?: string; message?: string }
  if (code === undefined || code.startsWith('MR_')) return error
  const details = { directory, reason: message ?? code }
  const what = code === 'ENOSPC' || code === 'EDQUOT' ? 'MR_STORE_DISK_FULL' : 'MR_STORE_DIRECTORY'
  return new FatalError(what, details, { cause: error })
}
