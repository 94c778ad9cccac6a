/** Every scenario by its name: the one place where scenarios are registered. */
import type { Scenario } from '../scenario.ts'
import { applicationScenario } from './application.ts'
import { chain } from './chain.ts'
import { copyScenario } from './copy.ts'
import { count } from './count.ts'
import { finalCounts } from './final-counts.ts'
import { foreignKey } from './foreign-key.ts'
import { global } from './global.ts'
import { stateless } from './stateless.ts'
import { table } from './table.ts'
import { ticks } from './ticks.ts'
import { windowedJoin } from './windowed-join.ts'

/**
 * All of them, and how often a swarm draws each: more often where exactly-once has most to lose. A new scenario belongs at the
 * end; it changes what seeds draw, but not the plans that are stored.
 */
const registered: readonly (readonly [scenario: Scenario, share: number])[] = [
  [applicationScenario(count), 3],
  [applicationScenario(windowedJoin), 2],
  [applicationScenario(chain), 2],
  [applicationScenario(foreignKey), 2],
  [applicationScenario(stateless), 1],
  [applicationScenario(table), 1],
  [applicationScenario(finalCounts), 1],
  [applicationScenario(global), 1],
  [applicationScenario(ticks), 1],
  [copyScenario, 1],
]

export const scenarios: ReadonlyMap<string, Scenario> = new Map(registered.map(([one]) => [one.name, one]))

/** Names, each as often as its share: a swarm picks one of them. */
export const drawnScenarios: readonly string[] = registered.flatMap(([{ name }, share]) =>
  Array.from({ length: share }, () => name),
)
