/**
 * Defects that can be planted, one at a time, to see that the simulation finds them (`docs/simulation.md`).
 *
 * Each stands in the code for a mistake that somebody has made: in Kafka's clients, in Kafka Streams, in a draft of this
 * one. Only the simulation's entry point plants; it is asked about per request, batch or commit, never per record.
 */

/** Names of the defects, with what is wrong. */
export const plantableFaults = {
  'unstable-offsets': 'committed offsets are read without waiting for pending transactions',
  'commit-without-generation': 'offsets are committed in the transaction without member and generation',
  'state-before-end': 'the state is written before the transaction has ended',
  'position-apart': 'the position is written in a batch of its own, before the state',
  'end-as-position': 'closing during a restore stores the end of the changelog as position (KAFKA-16017)',
  'end-again': 'the end of a transaction is sent again after a lost answer, under the same epoch (transaction V1)',
  'send-anew': 'a batch whose answer was lost is sent again under new sequence numbers',
  'answer-for-all': 'an answer for one partition counts for all partitions of the request',
  'unawaited-send': 'a transaction ends without waiting for its records to be acknowledged',
  'aborted-by-key': "a record whose key looks like an abort marker's ends the filter of aborted records",
  'aborted-unsorted': 'aborted transactions are taken in the order in which they ended',
  'aborted-one-by-one': 'one aborted transaction is taken per batch',
  'restore-by-record': 'a restore ends with the last record instead of the position',
  'restore-to-stable': 'a restore ends at the last stable offset instead of the end of the log',
  'no-heartbeat-in-restore': 'heartbeats stop while tasks restore',
  'ring-off': 'a batch missing in the middle of the state is not looked for',
  'stale-after-await': 'a task that was given up while it opened is started all the same',
  'punctuation-unfenced': 'a transaction without new input is ended without offsets, so nothing fences it',
  'producer-reused': 'after a failure the producer goes on under its id and epoch, sequences begin anew (K2)',
  'lease-of-member': 'tasks outlive the loss of the membership, and commit with what the member is by now (Z7)',
  'overlay-kept': 'an abort drops the uncommitted writes of one task only',
  'lapsed-writer': 'at-least-once: a worker whose lease ran out goes on writing records and state',
  'offsets-first': 'at-least-once: offsets are committed before the records are acknowledged',
} as const

/** A defect by its name. */
export type PlantedFault = keyof typeof plantableFaults

let planted: PlantedFault | null = null
/** How often the planted defect was asked for and acted. */
let acted = 0

/** Plants a defect, or with null removes it. Only for the simulation. */
export function plantFault(fault: PlantedFault | null): void {
  planted = fault
  acted = 0
}

/** True where the code is to make the mistake. */
export function isPlanted(fault: PlantedFault): boolean {
  if (planted !== fault) return false
  acted++
  return true
}

const predecessors = new WeakMap<object, unknown>()

/** For "producer-reused": a producer leaves its identity to the next one on the same connections. */
export function bequeath(cluster: object, identity: unknown): void {
  if (planted === 'producer-reused') predecessors.set(cluster, identity)
}

/** What the last producer on these connections has left; undefined unless that is planted. */
export function inherit<T>(cluster: object): T | undefined {
  return isPlanted('producer-reused') ? (predecessors.get(cluster) as T | undefined) : undefined
}

const silent = new WeakMap<object, number>()

/** For "no-heartbeat-in-restore": a process, known by its surroundings, sends no heartbeat while it works on this. */
export function silenceWhile(around: object, work: Promise<unknown>): void {
  if (!isPlanted('no-heartbeat-in-restore')) return
  const change = (by: number): void => void silent.set(around, (silent.get(around) ?? 0) + by)
  change(1)
  const end = (): void => change(-1)
  void work.then(end, end)
}

/** True while a process is to send no heartbeat. */
export function isSilenced(around: object): boolean {
  return planted !== null && (silent.get(around) ?? 0) > 0
}

/** How often the planted defect has acted since it was planted. */
export function plantedActs(): number {
  return acted
}
