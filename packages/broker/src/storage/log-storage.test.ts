import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes } from '../../test/batches.ts'
import { FileStorage } from './file-storage.ts'
import type { LogStorage } from './log-storage.ts'
import { MemoryStorage } from './memory-storage.ts'

const directories: string[] = []
const directory = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'store-'))
  directories.push(made)
  return made
}
afterAll(() => {
  for (const made of directories) rmSync(made, { recursive: true, force: true })
})

const text = (storage: LogStorage, name: string): string => {
  const file = storage.open(name)
  let all = ''
  for (let at = 0; at < file.size;) {
    const part = file.view(at, 3)
    all += new TextDecoder().decode(part)
    at += part.length
  }
  return all
}

describe.each<[string, () => LogStorage]>([
  ['memory', () => new MemoryStorage()],
  ['a directory', () => new FileStorage(directory())],
])('files in %s', (_, make) => {
  it('hold what was appended, in order', () => {
    const storage = make()
    const file = storage.open('a-0/1.log')
    for (const part of ['one', 'two', '']) file.append(bytes(part))
    expect(file.size).toBe(6)
    expect(text(storage, 'a-0/1.log')).toBe('onetwo')
  })

  it('never split what was appended at once', () => {
    const file = make().open('x')
    const pieces = [10, 5000, 3, 70_000, 9_000_000, 1]
    for (const [i, length] of pieces.entries()) file.append(new Uint8Array(length).fill(i))
    let position = 0
    for (const [i, length] of pieces.entries()) {
      const view = file.view(position, length)
      expect(view.length).toBe(length)
      expect([view[0], view[length - 1]]).toEqual([i, i])
      position += length
    }
  })

  it('are cut, and grow again from there', () => {
    const storage = make()
    const file = storage.open('x')
    file.append(bytes('keep'))
    file.append(bytes('cut'))
    const view = file.view(0, 4)
    file.truncate(5)
    file.append(bytes('!'))
    expect(text(storage, 'x')).toBe('keepc!')
    expect(new TextDecoder().decode(view)).toBe('keep')
  })

  it('are listed, renamed over each other, and removed', () => {
    const storage = make()
    for (const name of ['b/2', 'a', 'b/1']) {
      const file = storage.open(name)
      file.append(bytes(name))
      file.close()
    }
    expect(storage.list()).toEqual(['a', 'b/1', 'b/2'])
    storage.rename('b/2', 'b/1')
    expect(storage.list()).toEqual(['a', 'b/1'])
    expect(text(storage, 'b/1')).toBe('b/2')
    storage.remove('b/1')
    storage.remove('never-was')
    expect(storage.list()).toEqual(['a'])
  })

  it('read nothing behind their end', () => {
    const file = make().open('x')
    file.append(bytes('abc'))
    expect(file.view(3, 10).length).toBe(0)
    expect(file.view(1, 10).length).toBe(2)
  })

  it('may forget their beginning', () => {
    const file = make().open('x')
    for (let i = 0; i < 20; i++) file.append(new Uint8Array(4000).fill(i))
    file.discardBefore(40_000)
    expect(file.size).toBe(80_000)
    expect(file.view(40_000, 1)[0]).toBe(10)
  })
})

describe('a directory', () => {
  it('is refused while a live process holds its lock, and taken over from a dead one', () => {
    const path = directory()
    writeFileSync(join(path, '.lock'), '1')
    expect(() => new FileStorage(path)).toThrow(expect.objectContaining({ code: 'MR_BROKER_DIRECTORY' }))
    writeFileSync(join(path, '.lock'), '99999999')
    new FileStorage(path).close()
    new FileStorage(path).close()
  })

  it('is refused to a second broker of this process, and taken over from a process that had our pid', () => {
    const path = directory()
    const first = new FileStorage(path)
    expect(() => new FileStorage(path)).toThrow('this process uses it already')
    expect(first.list()).toEqual([])
    first.close()
    for (const left of [String(process.pid), JSON.stringify({ pid: process.pid, started: '1' })]) {
      writeFileSync(join(path, '.lock'), left)
      new FileStorage(path).close()
    }
  })

  it('is refused at once where the system makes no folders', () => {
    expect(() => new FileStorage('/proc/millrace/x')).toThrow(expect.objectContaining({ code: 'MR_BROKER_DIRECTORY' }))
  })

  it('is refused when it is a file', () => {
    const path = join(directory(), 'file')
    writeFileSync(path, '')
    expect(() => new FileStorage(path)).toThrow(expect.objectContaining({ code: 'MR_BROKER_DIRECTORY' }))
  })
})
