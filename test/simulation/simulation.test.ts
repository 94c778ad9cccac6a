/**
 * Applications on a simulated cluster under random faults: kills, suspensions, lost answers, broker restarts. Each seed runs
 * twice, and both runs must be equal. A failing seed is replayed by `npm run simulate -- --seed N --trace`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('../../packages/testing/dist/simulation/main.js', import.meta.url))
const seeds = Number(process.env['MILLRACE_SEEDS'] ?? 500)

it(`finds no violation in ${seeds} seeds of random faults, and repeats each of them`, () => {
  const run = spawnSync(process.execPath, [program, '--runs', String(seeds)], { encoding: 'utf8' })
  expect(run.stdout.trim().split('\n').at(-1), run.stdout.slice(-4_000)).toBe(`${seeds} passed, 0 failed`)
}, 600_000)

it.each(['stateless', 'count', 'windowed-join'])(
  'survives a kill at every single point of a small run (%s)',
  (topology) => {
    const args = [program, '--mode', 'crash', '--topology', topology, '--seed', '1']
    const run = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(run.stdout.trim().split('\n').at(-1), run.stdout.slice(-4_000)).toMatch(/^[1-9]\d* passed, 0 failed$/)
  },
  600_000,
)
