/** A file of what was processed, written before the record has any effect: what a killed process had done is known exactly. */
import { openSync, readFileSync, writeSync } from 'node:fs'

const entryBytes = 12

export interface ProgressEntry {
  readonly partition: number
  readonly offset: number
  /** Commits that were complete when the record was processed. */
  readonly commits: number
}

export class ProgressLog {
  readonly #file: number
  readonly #entry = new DataView(new ArrayBuffer(entryBytes))

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  add({ partition, offset, commits }: ProgressEntry): void {
    this.#entry.setUint32(0, partition)
    this.#entry.setUint32(4, offset)
    this.#entry.setUint32(8, commits)
    writeSync(this.#file, this.#entry)
  }
}

export function readProgress(path: string): ProgressEntry[] {
  const bytes = readFileSync(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries: ProgressEntry[] = []
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    entries.push({ partition: view.getUint32(at), offset: view.getUint32(at + 4), commits: view.getUint32(at + 8) })
  }
  return entries
}
