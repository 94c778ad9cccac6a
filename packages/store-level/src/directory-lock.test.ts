/** Who may use a state directory, and what happens to one that was damaged or cannot be written. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { levelStores } from './index.ts'
import { levelFailure } from './level-errors.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'millrace-lock-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

const row = { key: Uint8Array.of(1), value: Uint8Array.of(2) }

describe('the lock of a state directory', () => {
  it('names the living process that holds it', async () => {
    const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
    try {
      await once(other, 'spawn')
      await writeFile(join(directory, 'lock.json'), JSON.stringify({ pid: other.pid, started: null }))
      await expect(levelStores({ directory }).open('0_0')).rejects.toMatchObject({
        code: 'MR_STORE_LOCKED',
        details: { directory, holder: `process ${other.pid}` },
      })
    } finally {
      other.kill()
      await once(other, 'exit')
    }
    await using stores = levelStores({ directory })
    await stores.open('0_0')
  })

  it('is refused to a second owner in this process, and given back at close', async () => {
    const stores = levelStores({ directory })
    await stores.open('0_0')
    await expect(levelStores({ directory }).open('0_0')).rejects.toMatchObject({
      code: 'MR_STORE_LOCKED',
      details: { holder: 'this process' },
    })
    await stores.close()
    await using again = levelStores({ directory })
    await again.open('0_0')
  })

  it('is taken over when its process is gone, its pid was given to another one, or it is half written', async () => {
    const gone = spawn(process.execPath, ['-e', ''])
    await once(gone, 'exit')
    const stale = [
      JSON.stringify({ pid: gone.pid, started: null }),
      JSON.stringify({ pid: process.pid, started: '1' }),
      '{"pid": 12',
    ]
    for (const text of stale) {
      await writeFile(join(directory, 'lock.json'), text)
      const stores = levelStores({ directory })
      await stores.open('0_0')
      expect(JSON.parse(await readFile(join(directory, 'lock.json'), 'utf8')).pid).toBe(process.pid)
      await stores.close()
      expect(await readdir(directory)).toEqual(['0_0'])
    }
  })
})

describe('damage', () => {
  it('is a corrupt task when the database is gone but its marker is there', async () => {
    const stores = levelStores({ directory })
    const engine = await stores.open('0_0')
    await engine.write([row])
    await engine.close()
    await rm(join(directory, '0_0', 'db', 'CURRENT'))
    await expect(stores.open('0_0')).rejects.toMatchObject({ code: 'MR_STORE_CORRUPT', name: 'TaskCorruptedError' })
    await stores.destroy('0_0')
    expect((await stores.open('0_0')).getSync(row.key)).toBe(undefined)
    await stores.close()
  })

  it('is a corrupt task when the manifest is damaged, or the marker', async () => {
    const stores = levelStores({ directory })
    await (await stores.open('0_0')).close()
    await (await stores.open('0_1')).close()
    const files = await readdir(join(directory, '0_0', 'db'))
    const manifest = files.find((file) => file.startsWith('MANIFEST')) as string
    await writeFile(join(directory, '0_0', 'db', manifest), 'not a manifest')
    await appendFile(join(directory, '0_1', 'marker.json'), '}')
    for (const name of ['0_0', '0_1']) {
      await expect(stores.open(name)).rejects.toMatchObject({ code: 'MR_STORE_CORRUPT' })
    }
    await stores.close()
  })

  it('is not what a full or unwritable disk is: nothing may be wiped', async () => {
    const full = levelFailure(Object.assign(new Error('IO error: 000003.log: No space left on device'), {}), directory)
    expect(full).toMatchObject({ code: 'MR_STORE_DISK_FULL', name: 'FatalError' })
    const file = join(directory, 'file')
    await writeFile(file, '')
    await expect(levelStores({ directory: file }).open('0_0')).rejects.toMatchObject({
      code: 'MR_STORE_DIRECTORY',
      name: 'FatalError',
    })
    const readOnly = join(directory, 'read-only')
    await mkdir(readOnly)
    await chmod(readOnly, 0o555)
    if (process.getuid?.() !== 0) {
      await expect(levelStores({ directory: readOnly }).open('0_0')).rejects.toMatchObject({ name: 'FatalError' })
    }
  })

  it('refuses names that leave the directory', async () => {
    await using stores = levelStores({ directory })
    await expect(stores.open('../other')).rejects.toMatchObject({ code: 'MR_STORE_DIRECTORY' })
  })
})
