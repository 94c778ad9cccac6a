/** Which vectors can be compared with a run on a broker, where time is real and the order between topics is free. */
import type { BuiltTopology } from '@millrace/core/internal'
import { stepRecord } from './step-records.ts'
import type { Vector } from './vector.ts'

/** What makes the text of a topology unsuited. */
const reasons: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/"wallclock"/, 'wall clock'],
  [/"type":"wall"/, 'wall clock'],
  [/"use":"timer"/, 'wall clock'],
  [/"context"/, 'prints offsets, wall clock, application and task id'],
  [/"pattern"/, 'topic pattern'],
  [/"offsetReset":(?!"earliest")/, 'offset reset policy'],
  [/"partitions":\d+/, 'repartition with a partition count'],
]

const configured: readonly string[] = [
  'num.standby.replicas',
  '__emit.interval.ms.kstreams.windowed.aggregation__',
  '__emit.interval.ms.kstreams.outer.join.spurious.results.fix__',
]

/** Why not; null when it can. */
export function unsuited(vector: Vector): string | null {
  const { expect, config = {} } = vector
  if (vector.jvmDefect === true) return 'a defect of Kafka is expected'
  if (expect.error === undefined && Object.keys(expect.output ?? {}).length === 0) return 'no output'
  if (/[^\w.-]/.test(config['application.id'] ?? '')) return 'an application id that only the driver takes'
  if (expect.error?.phase === 'step' && expect.error.type === 'IllegalArgumentException')
    return 'the driver refuses a record for a topic that is not read'
  if (vector.steps.some((step) => 'advanceWallClock' in step)) return 'wall clock'
  const records = vector.steps.flatMap((step) => stepRecord(vector, step) ?? [])
  if (records.some(({ timestampMs }) => timestampMs < 0)) return 'negative timestamp: no producer sends it'
  if (config['default.timestamp.extractor'] === 'wallclock') return 'wall clock'
  if (config['auto.offset.reset'] !== undefined) return 'offset reset policy'
  const property = configured.find((name) => name in config)
  if (property !== undefined) return `configures ${property}`
  if (/\bwall=\d/.test(JSON.stringify(expect.output))) return 'prints the wall clock'
  const text = JSON.stringify(vector.topology)
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? null
}

/**
 * True when a punctuation by stream time sees another one than in the driver, which runs all sub-topologies in one task: an
 * application has a task, and so a stream time, for each.
 */
export function dividesStreamTime(vector: Vector, topology: BuiltTopology): boolean {
  if (topology.subTopologies.length < 2) return false
  return /"type":"stream"|"use":"buffer"(?![^}]*"type":"wall")/.test(JSON.stringify(vector.topology))
}

/**
 * True when an application, which is given one record at a time, must write just what the test driver of Kafka wrote, with
 * the caches of the vector too: it reads nothing that it writes, so each record is committed on its own.
 */
export function leavesNothingFree(topology: BuiltTopology): boolean {
  const read = new Set(topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics))
  return topology.subTopologies.every(({ sinkTopics }) => sinkTopics.every((topic) => !read.has(topic)))
}

/**
 * True when one record of a topic reaches a sub-topology through several repartition topics, or several sub-topologies
 * write one topic: which of them comes first is a matter of timing, with Kafka Streams too.
 */
export function hasFreeOrder(topology: BuiltTopology): boolean {
  const origins = new Map<string, Set<string>>()
  const originsOf = (topic: string): Set<string> => {
    const known = origins.get(topic)
    if (known !== undefined) return known
    const found = new Set<string>()
    origins.set(topic, found)
    if (!topology.isInternalTopic(topic)) return found.add(topic)
    for (const { sinkTopics, sourceTopics } of topology.subTopologies) {
      if (!sinkTopics.includes(topic)) continue
      for (const each of sourceTopics) for (const origin of originsOf(each)) found.add(origin)
    }
    return found
  }
  const written = topology.subTopologies.flatMap(({ sinkTopics }) => sinkTopics)
  if (new Set(written).size < written.length) return true
  return topology.subTopologies.some(({ sourceTopics }) => {
    const rekeyed = sourceTopics.filter((topic) => topic.endsWith('-repartition'))
    return rekeyed.some((one, i) =>
      rekeyed.slice(i + 1).some((other) => [...originsOf(one)].some((origin) => originsOf(other).has(origin))),
    )
  })
}
