/** Names for Millrace's own packages and tests only. */
export { findVectors, type FoundVector } from './conformance/find-vectors.ts'
export { runVector } from './conformance/run-vector.ts'
