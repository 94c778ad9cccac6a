/**
 * Applications on a simulated cluster under random faults: kills, suspensions, lost answers, broker restarts. Each seed runs
 * twice, and both runs must be equal. A failing seed is replayed by `npm run simulate -- --seed N --trace`.
 */
import { expect, it } from 'vitest'
import { simulation } from './simulation-program.ts'

const seeds = Number(process.env['MILLRACE_SEEDS'] ?? 500)

it(`finds no violation in ${seeds} seeds of random faults, and repeats each of them`, async () => {
  const { last, output } = await simulation('--runs', String(seeds))
  expect(last, output).toBe(`${seeds} passed, 0 failed`)
}, 900_000)
