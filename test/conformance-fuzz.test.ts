/**
 * Goal: operators do what plain models say, on inputs that nobody thought of. Method: random topologies from a fixed
 * seed on the test driver, a few of them as applications on an embedded broker; `npm run fuzz` runs as many as wanted.
 */
import { caseOf, familyNames, fuzzRun } from '@millrace/testing/internal'
import { expect, it } from 'vitest'

const seed = 4
const driverRuns = 600
const brokerRuns = 30
const exactlyOnceRuns = 20

const runs = (count: number): number[] => Array.from({ length: count }, (_, run) => run)

it(`gives what the models say in ${driverRuns} random cases (seed ${seed})`, async () => {
  const families = new Set(runs(driverRuns).map((run) => caseOf(seed, run).family))
  expect([...families].toSorted()).toEqual([...familyNames].toSorted())
  for (const run of runs(driverRuns)) expect(await fuzzRun(seed, run, 'driver')).toBeNull()
}, 60_000)

async function onBroker(drive: 'broker' | 'exactly-once', count: number): Promise<void> {
  const waiting = runs(count).values()
  const lane = async (): Promise<void> => {
    for (const run of waiting) expect(await fuzzRun(seed, run, drive)).toBeNull()
  }
  await Promise.all([lane(), lane(), lane(), lane()])
}

it(`gives the same as an application on a broker in ${brokerRuns} of them (seed ${seed})`, async () => {
  await onBroker('broker', brokerRuns)
}, 60_000)

it(`gives the same exactly once in ${exactlyOnceRuns} of them (seed ${seed})`, async () => {
  await onBroker('exactly-once', exactlyOnceRuns)
}, 60_000)
