/** Random topologies with their models: one family per kind of operator. */
import type { SeededRandom } from '../simulation/seeded-random.ts'
import type { Family, FuzzCase } from './fuzz-case.ts'
import { joinFamilies } from './join-families.ts'
import { tableFamilies } from './table-families.ts'
import { windowFamilies } from './window-families.ts'

const families: Readonly<Record<string, Family>> = { ...windowFamilies, ...joinFamilies, ...tableFamilies }

/** The families by name. */
export const familyNames: readonly string[] = Object.keys(families)

/** A random case of a family picked at random from these. */
export function randomCase(random: SeededRandom, among: readonly string[] = familyNames): FuzzCase {
  const family = random.pick(among)
  const make = families[family] as Family
  const optimised = random.chance(0.3) ? { 'topology.optimization': 'all' } : {}
  const inMemory = random.chance(0.2) ? { 'dsl.store.suppliers.class': 'in-memory' } : {}
  const made = make(random)
  return { family, ...made, config: { 'statestore.cache.max.bytes': '0', ...optimised, ...inMemory, ...made.config } }
}
