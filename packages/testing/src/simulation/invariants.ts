/** Rules that hold whatever the application is (faults.md 3). */
import { committedLog } from './committed-log.ts'
import type { World } from './world.ts'

/**
 * True when a group has committed everything there is in these topics, and nothing is undecided.
 *
 * Outside of transactions a commit that was delayed on a broken connection may take the offset back again, on real brokers
 * too, until the next one: there, to have been committed once is enough.
 */
export function isCaughtUp(world: World, group: string, inputs: readonly string[]): boolean {
  const { state } = world.cluster
  const isPlain = world.guarantee === 'at-least-once'
  let isBehind = false
  if (state.offsets.allPending(group).length > 0) return false
  for (const name of inputs) {
    const topic = state.topics.get(name)
    if (topic === undefined) return false
    for (const { index, log } of topic.partitions) {
      if (log.lastStableOffset < log.endOffset) return false
      const committed = state.offsets.get(group, name, index)?.offset ?? 0
      const best = Math.max(committed, world.committedOnce.get(`${name}-${index}`) ?? 0)
      world.committedOnce.set(`${name}-${index}`, best)
      if ((isPlain ? best : committed) < log.endOffset) isBehind = true
    }
  }
  return !isBehind && isDecided(world)
}

/** True when no partition holds records of an undecided transaction. */
export function isDecided({ cluster }: World): boolean {
  for (const topic of cluster.state.topics.all()) {
    for (const { log } of topic.partitions) if (log.lastStableOffset < log.endOffset) return false
  }
  return true
}

/** No transaction is left hanging (I4), and the broker's own view of transactions agrees with its logs. */
export function checkTransactions({ cluster, counts }: World): string[] {
  const { state } = cluster
  const found: string[] = []
  for (const topic of state.topics.all()) {
    for (const { index } of topic.partitions) {
      const log = committedLog(state, topic.name, index)
      if (log === undefined) continue
      counts.records += log.records.length
      const where = `${topic.name}-${index}`
      for (const { producerId, offset } of log.open) {
        found.push(`${where}: hanging transaction of producer ${producerId} since offset ${offset}`)
      }
      if (log.open.length === 0 && log.lastStableOffset !== log.endOffset) {
        found.push(`${where}: last stable offset ${log.lastStableOffset} of ${log.endOffset}, no transaction is open`)
      }
    }
  }
  return found
}
