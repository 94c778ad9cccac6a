/**
 * Goal: the checks of the operators are not blind. Method: faults are planted into copies of the built operators, one at a time
 * and in a process of their own; random cases against the models and the golden vectors must each find it. The table of
 * what found what, after how many cases, is printed.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { faults, type FoundFault } from '@millrace/testing/internal'
import { expect, it } from 'vitest'

const seed = 1
const casesMax = 400

it(`finds each of ${faults.length} planted faults by models and by golden vectors (seed ${seed})`, () => {
  const main = join(import.meta.dirname, '../packages/testing/dist/fault/main.js')
  const args = [main, '--json', '--seed', String(seed), '--cases', String(casesMax)]
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(run.stderr).toBe('')
  const found = new Map(
    run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FoundFault)
      .map((one) => [one.name, one]),
  )
  console.table(
    [...found.values()].map(({ name, cases, vectors, by }) => ({ fault: name, 'random cases': cases, vectors, by })),
  )
  expect([...found.keys()].toSorted()).toEqual(faults.map(({ name }) => name).toSorted())
  for (const { name, families } of faults) {
    const { cases, vectors } = found.get(name) as FoundFault
    expect(vectors, `${name}: golden vectors`).not.toBeNull()
    if (families !== null) expect(cases, `${name}: random cases`).not.toBeNull()
  }
}, 300_000)
