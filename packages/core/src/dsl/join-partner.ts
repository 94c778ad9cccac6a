/**
 * Streams and tables that are given to other ones (`join`, `merge`, `cogroup`): they must be what they are taken for, and of
 * the same builder. A node below a foreign one would never see a record, and nobody would be told.
 */
import { TopologyError } from '../errors.ts'
import { requireArgument } from '../known-options.ts'
import type { Plan } from './plan.ts'

/**
 * @param other what the user gave
 * @param state what stands behind it; undefined = it is not what it should be
 * @param expected operator, what it takes, and the plan it belongs to
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) it is something else
 * @throws {MR_TOPOLOGY_BUILDER} (TopologyError) it was made by another builder
 */
export function requirePartner(
  other: unknown,
  state: { readonly plan: Plan } | undefined,
  expected: { readonly where: string; readonly accepted: string; readonly plan: Plan },
): void {
  const { where, accepted, plan } = expected
  requireArgument(typeof state === 'object' && state !== null, other, { where, accepted })
  if (state?.plan !== plan) throw new TopologyError('MR_TOPOLOGY_BUILDER', { where })
}
