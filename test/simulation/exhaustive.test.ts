/** Simulated faults at every single point of small runs, plans that once failed, and defects that must be found. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { simulation } from './simulation-program.ts'

const plans = join(import.meta.dirname, 'plans')
const planted = join(import.meta.dirname, 'planted')

it.each(['stateless', 'count', 'windowed-join'])(
  'survives a kill at every single point of a small run (%s)',
  async (topology) => {
    const { last, output } = await simulation('--mode', 'crash', '--topology', topology, '--seed', '1')
    expect(last, output).toMatch(/^[1-9]\d* passed, 0 failed$/)
  },
  600_000,
)

it('passes every plan that once failed', async () => {
  const count = readdirSync(plans).length
  const { last, output } = await simulation('--plans', plans)
  expect(last, output).toBe(`${count} passed, 0 failed`)
}, 120_000)

it('finds every defect that is planted', async () => {
  const count = readdirSync(planted).length
  const { last, output } = await simulation('--planted', '--known', planted)
  expect(last, output).toBe(`${count} passed, 0 failed`)
}, 600_000)
