/** The ops of api `dsl`. */
import type { Topology } from '@millrace/core'
import { UnknownSpec } from './java-errors.ts'
import type { OpSurroundings } from './topology-ops.ts'
import type { Vector } from './vector.ts'

export function buildDslOps(_vector: Vector, _surroundings: OpSurroundings, _branches: string[][]): Topology {
  throw new UnknownSpec('the dsl')
}
