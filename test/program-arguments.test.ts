/** Programs of this repository as processes: exit codes for wrong arguments, for no work at all, and for an early signal. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const testing = 'packages/testing/dist'

function ended(program: string, ...args: readonly string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [root + program, ...args], { encoding: 'utf8' })
  return { status, out: stdout, err: stderr }
}

it.each([
  ['simulate', `${testing}/simulation/main.js`, ['--runs', '0'], '--runs'],
  ['fuzz', `${testing}/fuzz/main.js`, ['--runs', 'abc'], '--runs'],
  ['crash', '.cache/crash/main.js', ['--guarantee', 'exactly_once'], '--guarantee'],
  ['bench:workloads', 'bench/dist/run-benchmark.js', ['W99'], "'W9'"],
])('%s ends with 2 and says what is accepted', (_, program, args, said) => {
  const { status, out, err } = ended(program, ...args)
  expect({ status, out }).toEqual({ status: 2, out: '' })
  expect(err).toContain(said)
})

it('no case at all is no success', () => {
  const empty = mkdtempSync(join(tmpdir(), 'millrace-empty-'))
  try {
    for (const kind of ['main', 'wire-main']) {
      const { status, out, err } = ended(`${testing}/conformance/${kind}.js`, empty)
      expect({ status, out }).toEqual({ status: 1, out: '0 passed, 0 failed\n' })
      expect(err).toContain('Nothing was run')
    }
  } finally {
    rmSync(empty, { recursive: true })
  }
})

it('the workload program refuses an unknown guarantee', () => {
  const needed = '--workload=W3 --bootstrap=127.0.0.1:1 --app-id=a --input=i --output=o --state-dir=/nowhere'
  const { status, err } = ended('bench/run-workload.js', ...needed.split(' '), '--guarantee', 'exactly_once')
  expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining("'alos', 'eos'") as string })
})

it('the workload program ends with its last line when the signal comes before it has loaded anything', async () => {
  // told at the first moment at which the program can hear anything: a module that is loaded before it tells the test
  const before =
    'data:text/javascript,process.once("newListener",()=>setImmediate(()=>process.kill(process.pid,"SIGTERM")))'
  const child = spawn(process.execPath, ['--import', before, `${root}bench/run-workload.js`], { stdio: 'pipe' })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const code = await new Promise((resolve) => {
    child.once('close', resolve)
  })
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({ event: 'final', records: 0 })
})
