import { expect, it } from 'vitest'
import { makeDirectory } from './make-directory.ts'

const dirname = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/'

it('makes what is missing above', () => {
  const there = new Set(['/', '/a'])
  const mkdirSync = (path: string): void => {
    if (there.has(path)) throw Object.assign(new Error('there'), { code: 'EEXIST' })
    if (!there.has(dirname(path))) throw Object.assign(new Error('no parent'), { code: 'ENOENT' })
    there.add(path)
  }
  makeDirectory('/a/b/c', { mkdirSync, dirname })
  expect([...there]).toEqual(['/', '/a', '/a/b', '/a/b/c'])
})

it('ends where the system refuses a folder although its parent is there', () => {
  let calls = 0
  const mkdirSync = (path: string): void => {
    if (++calls > 100) throw new Error('it goes on for ever')
    throw Object.assign(new Error(path), { code: path === '/proc' || path === '/' ? 'EEXIST' : 'ENOENT' })
  }
  expect(() => makeDirectory('/proc/x/y', { mkdirSync, dirname })).toThrow(expect.objectContaining({ code: 'ENOENT' }))
})
