/**
 * What the brokers of a run do by themselves, on virtual time: compaction, retention, forgetting of idle producers and of
 * transactional ids. About half of the seeds have it, with settings under which it happens many times in a run.
 *
 * Only changelogs are compacted; inputs, outputs and repartition topics keep every record, so that the checker can follow
 * them.
 */
import { SeededRandom } from './seeded-random.ts'

/** Settings of the brokers' upkeep. Times in ms. */
export interface Upkeep {
  /** Between two rounds of each kind. */
  readonly everyMs: number
  /** Of logs and internal topics; the active segment is never compacted. Larger batches are split by their producers. */
  readonly segmentBytes: number
  /** Share of a log that must be new before it is compacted. */
  readonly dirtyRatio: number
  /** How long tombstones, and markers of transactions that are gone, stay after compaction has first met them. */
  readonly deleteRetentionMs: number
  /** Idle producers are forgotten after this. */
  readonly producerIdExpiryMs: number
  /** Transactional ids without a transaction are forgotten after this. */
  readonly transactionalIdExpiryMs: number
}

/** Topologies that write no tombstone to a changelog. */
const withoutTombstones: ReadonlySet<string> = new Set([
  'copy',
  'stateless',
  'table',
  'global',
  'count',
  'chain',
  'ticks',
  'windowed-join',
])

/**
 * Longer than a machine is behind its changelogs: whoever is behind for longer than a tombstone stays keeps the row for good,
 * on any cluster. At the end of a run nobody is behind, and this much time passes before the state is restored anew.
 */
const tombstonesStayMs = 60_000

/** Longer than a request is on its way, so that none is taken for a new one. */
const lateMs = 30_000

/** Longer than a worker takes from InitProducerId to its first transaction: else it would begin for ever. */
const idMs = 5_000

/**
 * Draws the upkeep of a seed, null = none, from a stream of its own: the rest of the plan does not depend on it.
 *
 * @param isLate requests may arrive long after they were sent
 */
export function drawUpkeep(seed: number, { topology, isLate }: { topology: string; isLate: boolean }): Upkeep | null {
  const random = new SeededRandom(seed, 'upkeep')
  if (random.chance(0.5)) return null
  const shortMs = random.pick([0, 1_000, tombstonesStayMs])
  const idleMs = random.pick([2_000, lateMs])
  return {
    everyMs: random.pick([50, 200, 700]),
    segmentBytes: random.pick([200, 600, 2_000]),
    dirtyRatio: random.pick([0, 0.3]),
    deleteRetentionMs: withoutTombstones.has(topology) ? shortMs : tombstonesStayMs,
    producerIdExpiryMs: isLate ? lateMs : idleMs,
    transactionalIdExpiryMs: random.pick([idMs, 604_800_000]),
  }
}

/** As settings of the broker. */
export function upkeepConfig(upkeep: Upkeep | null | undefined): Record<string, string | number> {
  if (upkeep === null || upkeep === undefined) return {}
  return {
    'log.cleaner.backoff.ms': upkeep.everyMs,
    'log.retention.check.interval.ms': upkeep.everyMs,
    'log.segment.bytes': upkeep.segmentBytes,
    'log.cleaner.min.cleanable.ratio': upkeep.dirtyRatio,
    'log.cleaner.delete.retention.ms': upkeep.deleteRetentionMs,
    'producer.id.expiration.ms': upkeep.producerIdExpiryMs,
    'transactional.id.expiration.ms': upkeep.transactionalIdExpiryMs,
  }
}

/** How long it takes until all that may go from the logs has gone, once nobody writes; 0 without upkeep. */
export function upkeepEndsMs(upkeep: Upkeep | null | undefined): number {
  return upkeep === null || upkeep === undefined ? 0 : upkeep.deleteRetentionMs + 5 * upkeep.everyMs
}
