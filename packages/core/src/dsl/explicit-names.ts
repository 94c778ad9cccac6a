/** `ensure.explicit.internal.resource.naming`: refuses topologies in which an internal topic or store has a generated name. */
import { TopologyError } from '../errors.ts'
import { changelogName } from '../topology/internal-topic.ts'
import type { Plan } from './plan.ts'

/**
 * Changelog topics are reported first, then stores, then repartition topics; one kind at a time. As in Kafka tables count
 * that are not stored in the end, and internal topics and stores of foreign-key joins and of grouped tables do not.
 *
 * @throws {MR_TOPOLOGY_NAMES_REQUIRED}
 * @see KIP-1111
 */
export function requireExplicitNames(plan: Plan): void {
  const { generatedNames } = plan
  const stores = [...generatedNames.stores]
  refuse(
    'changelog topics',
    stores.filter(([, isLogged]) => isLogged).map(([name]) => changelogName(name)),
  )
  refuse(
    'stores',
    stores.map(([name]) => name),
  )
  refuse('repartition topics', [...generatedNames.repartition])
}

function refuse(kind: string, names: readonly string[]): void {
  if (names.length > 0) throw new TopologyError('MR_TOPOLOGY_NAMES_REQUIRED', { kind, names: names.join(', ') })
}
