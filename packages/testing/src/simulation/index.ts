/** The simulation for users: `@millrace/testing/simulation`. */
export type { Fault, FaultKind, Plan } from './plan.ts'
export { simulate, type SimulateOptions, type SimulationFailure, type SimulationSummary } from './simulate.ts'
export type { SimulationSettings } from './plan-settings.ts'
export type { InputContext, InputPlace, MakeInput, SimulationInput } from './simulation-input.ts'
export { type SimulatedRecord, SimulationResults } from './simulation-results.ts'
export type { Upkeep } from './upkeep.ts'
export type { NetworkFaults } from './virtual-network.ts'
export type { Counts } from './world.ts'
