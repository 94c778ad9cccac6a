/**
 * The identity of a process of the application: the group's assignor gives a restarted process its tasks back by it, and
 * transactional ids contain it. Kept in the state directory as `process.json`, beside the engines and their lock.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FatalError } from '@millrace/core'
import type { Random } from '@millrace/core/port'

const fileName = 'process.json'

/**
 * Uuid text; a new one when the directory has none, or it cannot be read (that costs one rebalance, nothing else).
 *
 * @throws {MR_STORE_DIRECTORY} {MR_STORE_DISK_FULL} (FatalError) the directory cannot be written
 */
export async function keptProcessId(directory: string, random: Random): Promise<string> {
  const path = join(directory, fileName)
  try {
    const id = (JSON.parse(await readFile(path, 'utf8')) as { processId?: unknown }).processId
    if (typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return id
  } catch {
    // Missing or damaged.
  }
  const processId = newProcessId(random)
  try {
    await mkdir(directory, { recursive: true })
    await writeFile(path, JSON.stringify({ version: 1, processId }))
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string }
    const isFull = code === 'ENOSPC' || code === 'EDQUOT'
    const details = { directory, reason: message }
    throw new FatalError(isFull ? 'MR_STORE_DISK_FULL' : 'MR_STORE_DIRECTORY', details, { cause: error })
  }
  return processId
}

/** A random id: the text of a version 4 uuid. */
export function newProcessId(random: Random): string {
  const bytes = random.bytes(16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
