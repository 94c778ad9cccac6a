/** Who may use a state directory, and what happens to one that was damaged or cannot be written. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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

it('is refused at once where the system makes no folders', async () => {
  await expect(levelStores({ directory: '/proc/millrace/x' }).open('0_0')).rejects.toMatchObject({
    code: 'MR_STORE_DIRECTORY',
  })
})

it(
  'is held by one of several processes that come at the same moment, whatever lies there',
  { timeout: 60_000 },
  async () => {
    const rounds = 60
    for (let i = 0; i < rounds; i++) {
      await mkdir(join(directory, `${i}`))
      const stale = ['', '{"pid":99999999,"started":"1"}', '{"pid"'][i % 3] as string
      if (stale !== '') await writeFile(join(directory, `${i}`, 'lock.json'), stale)
    }
    const program = `
    import { levelStores } from '@millrace/store-level'
    const held = []
    process.stdin.once('data', async () => {
      for (let i = 0; i < ${rounds}; i++) {
        const stores = levelStores({ directory: process.argv[1] + '/' + i })
        await stores.list().then(() => held.push(i), (error) => { if (error.code !== 'MR_STORE_LOCKED') throw error })
      }
      console.log(JSON.stringify(held))
    })
    console.log('ready')`
    const children = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--input-type=module', '-e', program, directory], { cwd: import.meta.dirname }),
    )
    try {
      const outputs = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]())
      for (const output of outputs) expect((await output.next()).value).toBe('ready')
      for (const child of children) child.stdin.write('go')
      const held: number[] = []
      for (const output of outputs) held.push(...(JSON.parse(String((await output.next()).value)) as number[]))
      expect(held.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rounds }, (_, i) => i))
    } finally {
      for (const child of children) child.kill('SIGKILL')
    }
  },
)

describe('a directory with other things in it', () => {
  it('lists engines only, and makes nothing anywhere', async () => {
    const stores = levelStores({ directory })
    await (await stores.open('0_0')).close()
    const foreign = ['.git/objects', 'src', 'inner/0_0', '1_7']
    for (const folder of foreign) await mkdir(join(directory, folder), { recursive: true })
    await writeFile(join(directory, 'src', 'marker.json'), '{"format":1,"task":"0_0"}')
    await mkdir(join(directory, '2_0', 'marker.json'), { recursive: true })
    const before = (await readdir(directory, { recursive: true })).toSorted()
    expect(await stores.list()).toEqual(['0_0'])
    expect((await readdir(directory, { recursive: true })).toSorted()).toEqual(before)
    await stores.close()
  })

  it('keeps what is not ours when an engine is removed', async () => {
    await using stores = levelStores({ directory })
    await mkdir(join(directory, '0_0'))
    await writeFile(join(directory, '0_0', 'notes.txt'), 'mine')
    await (await stores.open('0_0')).close()
    await stores.destroy('0_0')
    expect(await readdir(join(directory, '0_0'))).toEqual(['notes.txt'])
    expect(await stores.list()).toEqual([])
  })

  it('sets a damaged engine aside, the last one of each name, and never lists it', async () => {
    await using stores = levelStores({ directory })
    for (const value of [1, 2]) {
      const engine = await stores.open('0_0')
      await engine.write([{ key: Uint8Array.of(1), value: Uint8Array.of(value) }])
      await engine.close()
      expect(await stores.setAside?.('0_0')).toBe(join(directory, '0_0.damaged'))
      expect(await stores.list()).toEqual([])
    }
    await rename(join(directory, '0_0.damaged'), join(directory, '0_1'))
    expect((await stores.open('0_1')).getSync(Uint8Array.of(1))).toEqual(Uint8Array.of(2))
    await writeFile(join(directory, '0_1', 'notes.txt'), 'mine')
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
