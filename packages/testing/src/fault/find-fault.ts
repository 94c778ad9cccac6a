/** Looks for one planted fault: by random cases against the models, and by golden vectors. */
import type { FoundVector } from '../conformance/find-vectors.ts'
import { randomCase } from '../fuzz/families.ts'
import { differenceOf } from '../fuzz/run-case.ts'
import { SeededRandom } from '../simulation/seeded-random.ts'
import type { Fault } from './faults.ts'

/** How a fault was found; null where it was not. */
export interface FoundFault {
  readonly name: string
  /** Random cases it took, of those families that go through it. */
  readonly cases: number | null
  readonly vectors: number | null
  /** Name of the vector that found it. */
  readonly by: string | null
  /** What the first finder said. */
  readonly said: string
}

/** What a copy of this project with a fault in it offers. */
export interface Faulty {
  readonly differenceOf: typeof differenceOf
  readonly runVector: (vector: FoundVector['vector']) => string | null
}

/** @param casesMax random cases before it counts as not found @param seed of the random cases */
export async function findFault(
  fault: Fault,
  faulty: Faulty,
  { casesMax, seed, vectors }: { casesMax: number; seed: number; vectors: readonly FoundVector[] },
): Promise<FoundFault> {
  const byCases = fault.families === null ? null : await inCases(fault, faulty, { casesMax, seed })
  const byVectors = inVectors(fault, faulty, vectors)
  return {
    name: fault.name,
    cases: byCases?.count ?? null,
    vectors: byVectors?.count ?? null,
    by: byVectors?.name ?? null,
    said: byCases?.said ?? byVectors?.said ?? '',
  }
}

async function inCases(
  { families }: Fault,
  faulty: Faulty,
  { casesMax, seed }: { casesMax: number; seed: number },
): Promise<{ count: number; said: string } | null> {
  for (let count = 1; count <= casesMax; count++) {
    const one = randomCase(new SeededRandom(seed, `fault-${count}`), families ?? [])
    const said = await faulty.differenceOf(one, one.records, 'driver')
    if (said === null) continue
    const without = await differenceOf(one, one.records, 'driver')
    if (without !== null) throw new Error(`the case differs without the fault, too: ${without}`)
    return { count, said }
  }
  return null
}

function inVectors(
  { groups }: Fault,
  faulty: Faulty,
  vectors: readonly FoundVector[],
): { count: number; name: string; said: string } | null {
  const isFirst = ({ group }: FoundVector): boolean => groups.includes(group)
  const ordered = [...vectors.filter(isFirst), ...vectors.filter((one) => !isFirst(one))]
  for (const [i, { name, vector }] of ordered.entries()) {
    const said = faulty.runVector(vector)
    if (said !== null) return { count: i + 1, name, said }
  }
  return null
}
