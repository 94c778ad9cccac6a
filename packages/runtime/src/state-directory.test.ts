import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeRandom } from './platform.ts'
import { takeStateDirectory } from './state-directory.ts'

let path = ''
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'millrace-state-'))
})
afterEach(async () => {
  await rm(path, { recursive: true, force: true })
})

describe('takeStateDirectory', () => {
  it('keeps the process id over restarts', async () => {
    const first = await takeStateDirectory(path, nodeRandom)
    await first.release()
    const second = await takeStateDirectory(path, nodeRandom)
    expect(second.processId).toBe(first.processId)
    expect(second.processId).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
    await second.release()
  })

  it('refuses a second application, in this process and in another', async () => {
    const held = await takeStateDirectory(path, nodeRandom)
    const locked = { code: 'MR_RUNTIME_DIRECTORY_LOCKED', details: { directory: path, pid: process.pid } }
    await expect(takeStateDirectory(path, nodeRandom)).rejects.toMatchObject(locked)
    await held.release()
    await writeFile(join(path, '.lock'), JSON.stringify({ pid: process.ppid, started: '' }))
    await expect(takeStateDirectory(path, nodeRandom)).rejects.toMatchObject({ details: { pid: process.ppid } })
  })

  it.each([
    ['that ended', () => JSON.stringify({ pid: spawnSync(process.execPath, ['-e', '']).pid, started: '' })],
    ['whose number another process has now', () => JSON.stringify({ pid: process.ppid, started: '1' })],
    ['that died while it wrote the lock', () => '{"pi'],
  ])('takes over the lock of a process %s', async (_, lock) => {
    await writeFile(join(path, '.lock'), lock())
    const taken = await takeStateDirectory(path, nodeRandom)
    expect(JSON.parse(await readFile(join(path, '.lock'), 'utf8'))).toMatchObject({ pid: process.pid })
    await taken.release()
    await taken.release()
  })

  it('makes a new process id when the old one cannot be read', async () => {
    await writeFile(join(path, '.process'), 'garbage')
    const taken = await takeStateDirectory(path, nodeRandom)
    expect(taken.processId).toHaveLength(32)
    await taken.release()
  })

  it('names a directory that cannot be made', async () => {
    await writeFile(join(path, 'file'), '')
    await expect(takeStateDirectory(join(path, 'file', 'below'), nodeRandom)).rejects.toMatchObject({
      code: 'MR_STORE_DIRECTORY',
    })
  })
})
