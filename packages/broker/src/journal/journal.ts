/**
 * The broker's memory of topics, offsets and transactions: an append-only file of entries, replayed when it is opened.
 *
 * Each entry is `length u32, CRC-32C u32, JSON text`; a torn one at the end is cut off, a damaged one with whole entries
 * behind it refuses the start: those behind it may have deleted a topic or committed offsets. When the file has grown well
 * beyond what is still true, the truth is written to a new file that replaces it in one rename.
 */
import { FatalError } from '@millrace/core'
import { type Logger, silentLogger } from '@millrace/core/port'
import { crc32c } from '@millrace/protocol/internal'
import { readInt32, writeInt32 } from '../log/batch-header.ts'
import type { LogFile, LogStorage } from '../storage/log-storage.ts'
import type { JournalEntry, JournalKind } from './journal-entry.ts'

const fileName = 'cluster.journal'
const newFileName = 'cluster.journal.new'
const prefixBytes = 8
const rewriteBytesMin = 1 << 20
const rewriteFactor = 4

/** A part of the broker whose state the journal keeps. */
export interface JournalPart {
  readonly kinds: readonly JournalKind[]
  /** Takes an entry of one of its kinds again. */
  replay(entry: JournalEntry): void
  /** Entries that bring an empty part to the present state. */
  snapshot(): Iterable<JournalEntry>
}

export class Journal {
  readonly #storage: LogStorage
  readonly #parts: JournalPart[] = []
  #file: LogFile
  #rewriteAt: number = rewriteBytesMin
  readonly #logger: Logger

  constructor(storage: LogStorage, logger: Logger = silentLogger) {
    this.#storage = storage
    this.#logger = logger
    storage.remove(newFileName)
    this.#file = storage.open(fileName)
  }

  /** Adds a part; all of them before `replay`. */
  add(part: JournalPart): void {
    this.#parts.push(part)
  }

  /**
   * Gives every entry to its part, oldest first.
   *
   * @returns how many there are
   * @throws {MR_BROKER_DAMAGED} (FatalError) one is damaged, and whole ones follow; nothing was changed
   */
  replay(): number {
    const bytes = readAll(this.#file)
    const decoder = new TextDecoder()
    let at = 0
    let count = 0
    for (;;) {
      const text = entryAt(bytes, at)
      if (text === null) break
      const entry = JSON.parse(decoder.decode(text)) as JournalEntry
      for (const part of this.#parts) if (part.kinds.includes(entry.kind)) part.replay(entry)
      at += prefixBytes + text.length
      count++
    }
    if (at < bytes.length) this.#cut(bytes, at)
    this.#rewriteAt = Math.max(rewriteBytesMin, this.#file.size * rewriteFactor)
    return count
  }

  /** Writes an entry, which its part then takes in at once; when this returns, the entry survives the process. */
  write(entry: JournalEntry): void {
    // Before, not after: the parts have taken in everything but this entry.
    if (this.#file.size > this.#rewriteAt) this.#rewrite()
    this.#file.append(encode(entry))
  }

  close(): void {
    this.#file.close()
  }

  #cut(bytes: Uint8Array, at: number): void {
    for (let next = at + 1; next + prefixBytes < bytes.length; next++) {
      if (entryAt(bytes, next) === null) continue
      const reason = `an entry is broken, and whole entries follow from byte ${next}`
      throw new FatalError('MR_BROKER_DAMAGED', { file: fileName, position: at, reason })
    }
    this.#logger.warn('the half-written end of the journal is cut off', { position: at, bytes: bytes.length - at })
    this.#file.truncate(at)
  }

  #rewrite(): void {
    const file = this.#storage.open(newFileName)
    for (const part of this.#parts) for (const entry of part.snapshot()) file.append(encode(entry))
    file.flush()
    file.close()
    this.#file.close()
    this.#storage.rename(newFileName, fileName)
    this.#file = this.#storage.open(fileName)
    this.#rewriteAt = Math.max(rewriteBytesMin, this.#file.size * rewriteFactor)
  }
}

/** JSON text of the entry that begins there, null when there is no whole one. */
function entryAt(bytes: Uint8Array, at: number): Uint8Array | null {
  if (at + prefixBytes > bytes.length) return null
  const length = readInt32(bytes, at)
  const end = at + prefixBytes + length
  if (length <= 0 || end > bytes.length) return null
  const text = bytes.subarray(at + prefixBytes, end)
  return crc32c(text) === readInt32(bytes, at + 4) >>> 0 ? text : null
}

function encode(entry: JournalEntry): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(entry))
  const bytes = new Uint8Array(prefixBytes + text.length)
  writeInt32(bytes, 0, text.length)
  writeInt32(bytes, 4, crc32c(text) | 0)
  bytes.set(text, prefixBytes)
  return bytes
}

function readAll(file: LogFile): Uint8Array {
  const bytes = new Uint8Array(file.size)
  let at = 0
  while (at < bytes.length) {
    const part = file.view(at, bytes.length - at)
    if (part.length === 0) break
    bytes.set(part, at)
    at += part.length
  }
  return bytes.subarray(0, at)
}
