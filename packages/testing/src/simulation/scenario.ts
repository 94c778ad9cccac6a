/** What runs in a simulation: an application on virtual machines, and the rules its results must keep. */
import type { Plan } from './plan.ts'
import type { World } from './world.ts'

/** A scenario under way. */
export interface Running {
  /** True when everything that was written to the inputs has been processed and committed. Called often. */
  isDone(): boolean
  /** Looks at the state of the tasks, for which more has to run; called once, when all is done. */
  verify?(): Promise<string[]>
  /** What the results break, one line each; called once, when all is quiet. */
  check(): string[]
}

/** A kind of application. */
export interface Scenario {
  readonly name: string
  /** Makes topics and machines; nothing runs yet. */
  set(world: World, plan: Plan): Running
}
