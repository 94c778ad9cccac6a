/** Random cases one after the other, each from a seed of its own, so that one of them can be run again alone. */
import { SeededRandom } from '../simulation/seeded-random.ts'
import { randomCase } from './families.ts'
import type { FuzzCase } from './fuzz-case.ts'
import { differenceOf, type Drive, vectorOf } from './run-case.ts'
import { shrink } from './shrink.ts'

/** A case that differs from its model, made small. */
export interface FuzzFinding {
  readonly family: string
  readonly seed: number
  readonly run: number
  readonly difference: string
  /** As JSON in the format of the vectors. */
  readonly vector: string
}

/** The case of one run; the same seed and run always give the same. */
export function caseOf(seed: number, run: number): FuzzCase {
  return randomCase(new SeededRandom(seed, `fuzz-${run}`))
}

/** Runs one case; null when it is as the model says. */
export async function fuzzRun(seed: number, run: number, drive: Drive): Promise<FuzzFinding | null> {
  const one = caseOf(seed, run)
  if ((await differenceOf(one, one.records, drive)) === null) return null
  const records = await shrink(one.records, async (fewer) => (await differenceOf(one, fewer, drive)) !== null)
  const difference = (await differenceOf(one, records, drive)) ?? 'gone when it was run again'
  return { family: one.family, seed, run, difference, vector: JSON.stringify(vectorOf(one, records)) }
}
