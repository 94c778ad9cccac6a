import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeRandom } from './platform.ts'
import { keptProcessId } from './process-id.ts'

let path = ''
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'millrace-process-'))
})
afterEach(async () => {
  await rm(path, { recursive: true, force: true })
})

describe('keptProcessId', () => {
  it('is the same after a restart, and a uuid', async () => {
    const below = join(path, 'made', 'if', 'missing')
    const first = await keptProcessId(below, nodeRandom)
    expect(await keptProcessId(below, nodeRandom)).toBe(first)
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  it('is a new one when the old one cannot be read', async () => {
    await writeFile(join(path, 'process.json'), '{"proc')
    expect(await keptProcessId(path, nodeRandom)).toHaveLength(36)
  })

  it('names a directory that cannot be written', async () => {
    await writeFile(join(path, 'file'), '')
    await expect(keptProcessId(join(path, 'file', 'below'), nodeRandom)).rejects.toMatchObject({
      code: 'MR_STORE_DIRECTORY',
    })
  })
})
