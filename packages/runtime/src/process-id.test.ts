import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeRandom } from './platform.ts'
import { KeptProcess } from './process-id.ts'

let path = ''
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'millrace-process-'))
})
afterEach(async () => {
  await rm(path, { recursive: true, force: true })
})

describe('KeptProcess', () => {
  it('is the same after a restart, and a uuid', async () => {
    const below = join(path, 'made', 'if', 'missing')
    const first = await KeptProcess.open(below, nodeRandom)
    expect((await KeptProcess.open(below, nodeRandom)).processId).toBe(first.processId)
    expect(first.processId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('is a new one when the old one cannot be read', async () => {
    await writeFile(join(path, 'process.json'), '{"proc')
    expect((await KeptProcess.open(path, nodeRandom)).processId).toHaveLength(36)
  })

  it('remembers a number of workers, of several written at once the last', async () => {
    const first = await KeptProcess.open(path, nodeRandom)
    expect(first.workers).toBe(0)
    await Promise.all([first.keepWorkers(2), first.keepWorkers(5), first.keepWorkers(3)])
    const again = await KeptProcess.open(path, nodeRandom)
    expect([again.processId, again.workers]).toEqual([first.processId, 3])
  })

  it('takes a file without a number of workers, or with nonsense, for one of no workers', async () => {
    const processId = '00000000-0000-4000-8000-000000000000'
    for (const workers of [undefined, -1, 1e9, '2']) {
      await writeFile(join(path, 'process.json'), JSON.stringify({ version: 1, processId, workers }))
      expect(await KeptProcess.open(path, nodeRandom)).toMatchObject({ processId, workers: 0 })
    }
  })

  it('names a directory that cannot be written', async () => {
    await writeFile(join(path, 'file'), '')
    await expect(KeptProcess.open(join(path, 'file', 'below'), nodeRandom)).rejects.toMatchObject({
      code: 'MR_STORE_DIRECTORY',
    })
  })
})
