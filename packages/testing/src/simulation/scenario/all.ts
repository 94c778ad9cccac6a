/** Every scenario by its name. */
import type { Scenario } from '../scenario.ts'
import { applicationScenario } from './application.ts'
import { copyScenario } from './copy.ts'
import { count } from './count.ts'
import { stateless } from './stateless.ts'
import { ticks } from './ticks.ts'
import { windowedJoin } from './windowed-join.ts'

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [copyScenario, ...[stateless, count, windowedJoin, ticks].map(applicationScenario)].map((one) => [one.name, one]),
)
