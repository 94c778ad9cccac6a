/**
 * The lock of a state directory, `lock.json` (`FileLock` of core says how it works).
 *
 * LevelDB's own lock guards each database; this one guards the directory and can say who holds it.
 */
import { randomUUID } from 'node:crypto'
import * as files from 'node:fs'
import { dirname, join } from 'node:path'
import { FatalError, type FileLock, makeDirectory, takeFileLock } from '@millrace/core/port'
import { levelFailure } from './level-errors.ts'

/**
 * Takes the lock, creating the directory.
 *
 * @throws {MR_STORE_LOCKED} (FatalError) a living process holds it; the error names its pid
 * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) the file cannot be written
 */
export function lockDirectory(directory: string): FileLock {
  try {
    makeDirectory(directory, { ...files, dirname })
    const taken = takeFileLock(join(directory, 'lock.json'), { files, process, mark: randomUUID() })
    if ('release' in taken) return taken
    const holder =
      taken.pid === process.pid ? 'this process' : taken.pid > 0 ? `process ${taken.pid}` : 'another process'
    throw new FatalError('MR_STORE_LOCKED', { directory, holder })
  } catch (error) {
    throw error instanceof FatalError ? error : levelFailure(error, directory)
  }
}
