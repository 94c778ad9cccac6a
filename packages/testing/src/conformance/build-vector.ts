/** The topology of a vector, built with whichever of the two APIs it names. */
import type { Topology } from '@millrace/core'
import { buildDslOps } from './dsl-ops.ts'
import { StoreDefinitions } from './store-definitions.ts'
import { buildTopologyOps, type OpSurroundings } from './topology-ops.ts'
import { Trace } from './trace.ts'
import type { Vector } from './vector.ts'

/** @param branches takes the sorted keys of each `split` @throws what the calls of the API throw; `surroundings.at` tells the op */
export function buildVector(
  vector: Vector,
  surroundings: OpSurroundings = { trace: new Trace(), stores: new StoreDefinitions(), at: -1 },
  branches: string[][] = [],
): Topology {
  if (vector.api === 'topology') return buildTopologyOps(vector, surroundings)
  return buildDslOps(vector, surroundings, branches)
}
