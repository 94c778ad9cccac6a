/**
 * Files in a directory: `<directory>/<folder>/<file>`. Written through the page cache without fsync, as Kafka does by
 * default: what was acknowledged survives the process; a machine that loses power may lose the tail.
 */
import { randomUUID } from 'node:crypto'
import * as files from 'node:fs'
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { FatalError } from '@millrace/core'
import { type FileLock, makeDirectory, takeFileLock } from '@millrace/core/port'
import type { LogFile, LogStorage } from './log-storage.ts'

const lockName = '.lock'

/**
 * Opens the directory, creating it, and locks it against other brokers, of this process too.
 *
 * @throws {MR_BROKER_DIRECTORY} (FatalError) it cannot be created or written, or a living process holds its lock
 */
export class FileStorage implements LogStorage {
  readonly persistent: boolean = true
  readonly #directory: string
  readonly #folders: Set<string> = new Set()
  readonly #lock: FileLock

  constructor(directory: string) {
    this.#directory = directory
    try {
      makeDirectory(directory, { ...files, dirname })
      const taken = takeFileLock(join(directory, lockName), { files, process, mark: randomUUID() })
      if (!('release' in taken)) {
        throw new Error(taken.pid === process.pid ? 'this process uses it already' : `process ${taken.pid} uses it`)
      }
      this.#lock = taken
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new FatalError('MR_BROKER_DIRECTORY', { directory, reason }, { cause })
    }
  }

  open(name: string): LogFile {
    const path = join(this.#directory, name)
    const folder = dirname(path)
    if (!this.#folders.has(folder)) {
      mkdirSync(folder, { recursive: true })
      this.#folders.add(folder)
    }
    return new DiskLogFile(name, path)
  }

  list(): string[] {
    const names: string[] = []
    for (const entry of readdirSync(this.#directory, { withFileTypes: true })) {
      if (entry.isDirectory()) {
        for (const file of readdirSync(join(this.#directory, entry.name))) names.push(`${entry.name}/${file}`)
      } else if (!entry.name.startsWith(lockName)) names.push(entry.name)
    }
    return names.sort()
  }

  remove(name: string): void {
    const path = join(this.#directory, name)
    rmSync(path, { force: true })
    const folder = dirname(path)
    if (folder === this.#directory) return
    try {
      rmdirSync(folder)
      this.#folders.delete(folder)
    } catch {
      // The folder still holds other segments.
    }
  }

  rename(from: string, to: string): void {
    renameSync(join(this.#directory, from), join(this.#directory, to))
  }

  close(): void {
    this.#lock.release()
  }
}

class DiskLogFile implements LogFile {
  readonly name: string
  size: number
  #descriptor: number

  constructor(name: string, path: string) {
    this.name = name
    this.#descriptor = openSync(path, 'a+')
    this.size = fstatSync(this.#descriptor).size
  }

  append(bytes: Uint8Array): void {
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written, bytes.length - written)
    } catch (error) {
      // A half-written batch (disk full) must not stay in front of the next one.
      if (written > 0) ftruncateSync(this.#descriptor, this.size)
      throw error
    }
    this.size += bytes.length
  }

  view(position: number, lengthMax: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(lengthMax, this.size - position)))
    let read = 0
    while (read < bytes.length) {
      const count = readSync(this.#descriptor, bytes, read, bytes.length - read, position + read)
      if (count === 0) break
      read += count
    }
    return new Uint8Array(bytes.buffer, 0, read)
  }

  truncate(size: number): void {
    ftruncateSync(this.#descriptor, size)
    this.size = size
  }

  discardBefore(): void {
    // The file keeps its head until the whole segment goes.
  }

  flush(): void {
    fsyncSync(this.#descriptor)
  }

  close(): void {
    if (this.#descriptor < 0) return
    closeSync(this.#descriptor)
    this.#descriptor = -1
  }
}
