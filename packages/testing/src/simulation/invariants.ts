/** Rules that hold whatever the application is (faults.md 3). */
import { committedLog, type LoggedRecord } from './committed-log.ts'
import { type Witness, witnessOf } from './witness.ts'
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

/** Each task's witnesses in each partition, by `generationFault`. Under at-least-once what was sent before may arrive late. */
export function checkGenerations({ cluster, guarantee, counts }: World): string[] {
  if (guarantee !== 'exactly-once') return []
  const found: string[] = []
  for (const topic of cluster.state.topics.all()) {
    for (const { index } of topic.partitions) {
      const witnessed = (committedLog(cluster.state, topic.name, index)?.records ?? []).filter(
        (record) => witnessOf(record) !== undefined,
      )
      counts.witnessed += witnessed.length
      const fault = generationFault(witnessed)
      if (fault !== null) found.push(`${topic.name}-${index} ${fault}`)
    }
  }
  return found
}

/**
 * What the tasks wrote into one partition, in the order of the log: the generation of a task never goes back, and in one
 * generation a task has one instance (faults.md I8).
 *
 * @returns the first offset at which it is otherwise, and how; null = none
 */
export function generationFault(records: readonly Pick<LoggedRecord, 'offset' | 'headers'>[]): string | null {
  const last = new Map<string, Witness>()
  for (const record of records) {
    const said = witnessOf(record)
    if (said === undefined) continue
    const before = last.get(said.task)
    last.set(said.task, said)
    if (before === undefined || before.generation < said.generation) continue
    if (before.generation === said.generation && before.instance === said.instance) continue
    const now = `task ${said.task} by ${said.instance} in generation ${said.generation}`
    return `${record.offset}: ${now} after ${before.instance} in generation ${before.generation}`
  }
  return null
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
    for (const { index, log: stored } of topic.partitions) {
      const log = committedLog(state, topic.name, index)
      if (log === undefined) continue
      counts.records += log.records.length
      if (log.compactedTo > 0) counts.compacted++
      else if ((stored.segments[0]?.baseOffset ?? 0) > 0) counts.shortened++
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
