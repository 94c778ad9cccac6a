/** The main job on the embedded broker: right counts, also of bad text, also after being killed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { countsOf, recount, sampleText, startWordCount } from './run-word-count.ts'

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-word-count-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, bytes: Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return path
}

it('counts a text with invalid UTF-8 in several scripts as a plain recount does', async () => {
  const text = sampleText(5_000, 1)
  const result = await startWordCount(['--json', file('text', text)]).ended
  expect(countsOf(result)).toEqual(recount(text))
  const counts = [...countsOf(result).values()]
  expect(counts).toEqual(counts.toSorted((a, b) => b - a))
})

it('counts a text of one long line, and of two files together', async () => {
  const long = Buffer.from('alpha beta gamma '.repeat(30_000))
  const result = await startWordCount(['--json', file('long', long), file('short', Buffer.from('alpha\n'))]).ended
  expect(countsOf(result)).toEqual(
    new Map([
      ['alpha', 30_001],
      ['beta', 30_000],
      ['gamma', 30_000],
    ]),
  )
})

it('goes on after kill -9 where it was, and ends with the same counts', async () => {
  const text = sampleText(60_000, 2)
  const args = ['--json', '--state', join(directory, 'state'), file('big', text)]
  for (const delayMs of [700, 1_100, 1_500]) {
    const { child, ended } = startWordCount(args)
    const timer = setTimeout(() => child.kill('SIGKILL'), delayMs)
    await ended
    clearTimeout(timer)
  }
  expect(countsOf(await startWordCount(args).ended)).toEqual(recount(text))
  // again: nothing is counted twice
  expect(countsOf(await startWordCount(args).ended)).toEqual(recount(text))
}, 120_000)

it('adds what was appended to a file, and all of a file that was changed', async () => {
  const path = join(directory, 'diary')
  const runs: [text: string, counts: Record<string, number>][] = [
    ['one\ntwo\n', { one: 1, two: 1 }],
    // appended
    ['one\ntwo\nthree\n', { one: 1, two: 1, three: 1 }],
    // changed, with as many lines
    ['one\nTWICE\nthree\n', { one: 2, twice: 1, two: 1, three: 2 }],
    ['one\nTWICE\nthree\nfour\n', { one: 2, twice: 1, two: 1, three: 2, four: 1 }],
    // shorter
    ['one\n', { one: 3, twice: 1, two: 1, three: 2, four: 1 }],
    ['one\n', { one: 3, twice: 1, two: 1, three: 2, four: 1 }],
  ]
  for (const [text, counts] of runs) {
    writeFileSync(path, text)
    const result = await startWordCount(['--json', '--state', join(directory, 'diary-state'), path]).ended
    expect(Object.fromEntries(countsOf(result)), text).toEqual(counts)
  }
}, 120_000)

it('refuses at once a state directory that cannot be made, or has no name', async () => {
  const unmade = await startWordCount(['--state', '/proc/x']).ended
  expect(unmade.code).toBe(1)
  expect(unmade.errors).toContain('/proc/x')
  const unnamed = await startWordCount(['--state=']).ended
  expect(unnamed.code).toBe(1)
  expect(unnamed.errors).toContain('--state')
})

it('says what is wrong with its arguments, and where a cluster does not answer', async () => {
  const misspelt = await startWordCount(['--jsn']).ended
  expect(misspelt.code).toBe(1)
  expect(misspelt.errors).toContain('--jsn')
  const missing = await startWordCount([join(directory, 'no-such-file')]).ended
  expect(missing.code).toBe(1)
  expect(missing.errors).toContain('no-such-file')
})
