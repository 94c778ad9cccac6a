/** Names for Millrace's own packages and tests only. */
export { findVectors, type FoundVector, loadVector } from './conformance/find-vectors.ts'
export { runVector } from './conformance/run-vector.ts'
export {
  type ApplicationPlace,
  createVectorTopics,
  type Properties,
  type VectorApplication,
  vectorApplication,
  vectorRuntime,
} from './conformance/vector-runtime.ts'
