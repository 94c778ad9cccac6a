/** Names of a repartition topic and of the three nodes around it. */
import type { Plan } from './plan.ts'
import type { RepartitionSpec } from './repartition-node.ts'

const suffix = '-repartition'

/**
 * Uses up three numbers. The nodes are called by them only if the topic's name was generated for a stream; else after the
 * topic, so that naming the topic fixes all.
 *
 * @param name with or without `-repartition`
 */
export function repartitionSpec(
  plan: Pick<Plan, 'nextName'>,
  name: string,
): Pick<RepartitionSpec, 'topic' | 'sinkName' | 'filterName' | 'sourceName'> {
  const topic = name.endsWith(suffix) ? name : name + suffix
  const sinkName = plan.nextName('KSTREAM-SINK-')
  const filterName = plan.nextName('KSTREAM-FILTER-')
  const sourceName = plan.nextName('KSTREAM-SOURCE-')
  if (/^KSTREAM.*-[0-9]{10}$/.test(name)) return { topic, sinkName, filterName, sourceName }
  return { topic, sinkName: `${topic}-sink`, filterName: `${topic}-filter`, sourceName: `${topic}-source` }
}
