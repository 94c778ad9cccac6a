/** Names for Millrace's own packages and tests only. */
export { type BrokerOutcome, runOnBroker, whyNotOnBroker } from './conformance/broker-drive.ts'
export { type CommandLine, existingPath, exitCodeOf, runCommandLine, withoutArguments } from './command-line.ts'
export { BrokerRig, comparableProperties, RunningVector, type TopicRecord } from './conformance/broker-rig.ts'
export { findVectors, type FoundVector, loadVector } from './conformance/find-vectors.ts'
export { runVector } from './conformance/run-vector.ts'
export { stepRecord, type StepRecord } from './conformance/step-records.ts'
export type { Step, Vector } from './conformance/vector.ts'
export {
  type ApplicationPlace,
  createVectorTopics,
  type Properties,
  type VectorApplication,
  vectorApplication,
  vectorRuntime,
} from './conformance/vector-runtime.ts'
export { kafkaJars } from './kafka-cluster/jars.ts'
export { type Fault, faults } from './fault/faults.ts'
export type { FoundFault } from './fault/find-fault.ts'
export { familyNames } from './fuzz/families.ts'
export { caseOf, fuzzRun, type FuzzFinding } from './fuzz/fuzz.ts'
