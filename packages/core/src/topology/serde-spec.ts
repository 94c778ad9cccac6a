/**
 * A serde inside a topology that is not yet built: there, absent (the default is taken), or complete only when the defaults
 * are known, as an envelope around an inherited serde is.
 */
import type { Serde } from '../serde/serde.ts'
import type { SerdeDefaults } from './node.ts'

export interface LateSerde {
  /** Null: a default that is needed was not given. */
  late(defaults: SerdeDefaults): Serde<unknown> | null
}

export type SerdeSpec = Serde<unknown> | LateSerde | null

/** The serde once the defaults are known; null stays null, for the default of whoever runs the topology. */
export function resolveSerde(spec: SerdeSpec, defaults: SerdeDefaults): Serde<unknown> | null {
  return spec !== null && 'late' in spec ? spec.late(defaults) : spec
}
