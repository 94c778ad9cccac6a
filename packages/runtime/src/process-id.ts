/**
 * The identity of a process of the application: the group's assignor gives a restarted process its tasks back by it, and
 * transactional ids contain it. Kept in the state directory as `process.json`, beside the engines and their lock, with
 * the number of workers whose transactions a crash may have left open.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FatalError } from '@millrace/core'
import type { Random } from '@millrace/core/port'

const fileName = 'process.json'

/** What is remembered of a process over restarts. */
export class KeptProcess {
  readonly processId: string
  readonly #directory: string | null
  #workers: number
  #writing: Promise<void> = Promise.resolve()

  /** @param directory null = nothing survives the process */
  constructor(processId: string, directory: string | null = null, workers: number = 0) {
    this.processId = processId
    this.#directory = directory
    this.#workers = workers
  }

  /**
   * As the directory has it; a new one when it has none, or it cannot be read (that costs one rebalance, nothing else).
   *
   * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) the directory cannot be written
   */
  static async open(directory: string, random: Random): Promise<KeptProcess> {
    try {
      const read = JSON.parse(await readFile(join(directory, fileName), 'utf8')) as Record<string, unknown>
      const { processId: id, workers } = read
      if (typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) {
        return new KeptProcess(id, directory, isWorkerCount(workers) ? workers : 0)
      }
    } catch {
      // Missing or damaged.
    }
    const kept = new KeptProcess(newProcessId(random), directory)
    await kept.keepWorkers(0)
    return kept
  }

  /** Workers with a number below this one may have left a transaction open. */
  get workers(): number {
    return this.#workers
  }

  /** Remembers another number of workers; in place when it resolves. @throws as `open` */
  async keepWorkers(workers: number): Promise<void> {
    this.#workers = workers
    this.#writing = this.#writing.catch(() => undefined).then(async () => this.#write(workers))
    await this.#writing
  }

  async #write(workers: number): Promise<void> {
    const directory = this.#directory
    if (directory === null) return
    const path = join(directory, fileName)
    try {
      await mkdir(directory, { recursive: true })
      // A crash in the middle of a write must not cost the identity.
      await writeFile(`${path}.new`, JSON.stringify({ version: 1, processId: this.processId, workers }))
      await rename(`${path}.new`, path)
    } catch (error) {
      const { code = '', message = '' } = error as { code?: string; message?: string }
      const isFull = code === 'ENOSPC' || code === 'EDQUOT'
      const details = { directory, reason: message }
      throw new FatalError(isFull ? 'MR_STORE_DISK_FULL' : 'MR_STORE_DIRECTORY', details, { cause: error })
    }
  }
}

/** A number that somebody else may have written; a greater one would cost as many requests. */
function isWorkerCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000
}

/** A random id: the text of a version 4 uuid. */
export function newProcessId(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
