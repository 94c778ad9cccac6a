/** `ensure.explicit.internal.resource.naming`: refuses topologies in which an internal topic or store has a generated name. */
import { TopologyError } from '../errors.ts'
import { changelogName } from '../topology/internal-topic.ts'
import { defaultBuildSettings } from '../topology/store-spec.ts'
import type { Plan } from './plan.ts'

/**
 * Changelog topics are reported first, then stores without one, then repartition topics; one kind at a time, as in Kafka.
 *
 * @throws {MR_TOPOLOGY_NAMES_REQUIRED}
 * @see KIP-1111
 */
export function requireExplicitNames(plan: Plan): void {
  const { builder, generatedNames } = plan
  const stores = [...builder.stores.values()].filter(
    ({ spec, users }) => users.length > 0 && generatedNames.stores.has(spec.name),
  )
  const logged = stores.filter(({ spec }) => spec.define(defaultBuildSettings).logging !== false)
  refuse(
    'changelog topics',
    logged.map(({ spec }) => changelogName(spec.name)),
  )
  refuse(
    'stores',
    stores.filter((store) => !logged.includes(store)).map(({ spec }) => spec.name),
  )
  refuse(
    'repartition topics',
    [...builder.repartitionTopics.keys()].filter((topic) => generatedNames.repartition.has(topic)),
  )
}

function refuse(kind: string, names: readonly string[]): void {
  if (names.length > 0) throw new TopologyError('MR_TOPOLOGY_NAMES_REQUIRED', { kind, names: names.join(', ') })
}
