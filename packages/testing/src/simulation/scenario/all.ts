/** Every scenario by its name. */
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

const applications = [stateless, count, windowedJoin, table, chain, foreignKey, finalCounts, global, ticks]

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [copyScenario, ...applications.map(applicationScenario)].map((one) => [one.name, one]),
)
