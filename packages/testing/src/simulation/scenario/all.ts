/** Every scenario by its name. */
import type { Scenario } from '../scenario.ts'
import { applicationScenario } from './application.ts'
import { copyScenario } from './copy.ts'
import { count } from './count.ts'
import { stateless } from './stateless.ts'
import { windowedJoin } from './windowed-join.ts'

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  [copyScenario, applicationScenario(stateless), applicationScenario(count), applicationScenario(windowedJoin)].map(
    (scenario) => [scenario.name, scenario],
  ),
)
