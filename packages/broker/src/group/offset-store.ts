/**
 * Committed offsets of all groups, and those that wait for their transaction to be decided.
 *
 * A pending offset becomes visible when the coordinator writes its marker (commit) or is dropped (abort); until then a
 * fetch that asks for stable offsets is told to come again (88).
 */
import type { JournalEntry, JournalKind, OffsetEntry } from '../journal/journal-entry.ts'
import type { Journal, JournalPart } from '../journal/journal.ts'

type Offsets = Map<string, OffsetEntry>

/** Offsets of one producer's undecided transaction. */
interface Pending {
  readonly producerEpoch: number
  readonly offsets: Offsets
}

export class OffsetStore implements JournalPart {
  readonly kinds: readonly JournalKind[] = [
    'offsets',
    'pending-offsets',
    'pending-decided',
    'offsets-deleted',
    'group-deleted',
  ]
  readonly #committed: Map<string, Offsets> = new Map()
  /** By group, then producer id. */
  readonly #pending: Map<string, Map<number, Pending>> = new Map()
  readonly #journal: Journal

  constructor(journal: Journal) {
    this.#journal = journal
    journal.add(this)
  }

  /** Groups that have committed or pending offsets. */
  groups(): string[] {
    return [...new Set([...this.#committed.keys(), ...this.#pending.keys()])]
  }

  has(group: string): boolean {
    return this.#committed.has(group) || this.#pending.has(group)
  }

  get(group: string, topic: string, partition: number): OffsetEntry | undefined {
    return this.#committed.get(group)?.get(keyOf(topic, partition))
  }

  all(group: string): OffsetEntry[] {
    return [...(this.#committed.get(group)?.values() ?? [])]
  }

  /** Offsets of all undecided transactions on the group. */
  allPending(group: string): OffsetEntry[] {
    return [...(this.#pending.get(group)?.values() ?? [])].flatMap(({ offsets }) => [...offsets.values()])
  }

  isPending(group: string, topic: string, partition: number): boolean {
    const key = keyOf(topic, partition)
    for (const { offsets } of this.#pending.get(group)?.values() ?? []) if (offsets.has(key)) return true
    return false
  }

  /** True when this producer has offsets here in a transaction that is not decided yet. */
  hasPending(group: string, producer: { producerId: number; producerEpoch: number }): boolean {
    return this.#pending.get(group)?.get(producer.producerId)?.producerEpoch === producer.producerEpoch
  }

  commit(group: string, offsets: readonly OffsetEntry[]): void {
    this.#record({ kind: 'offsets', group, offsets })
  }

  commitPending(
    group: string,
    producer: { producerId: number; producerEpoch: number },
    offsets: readonly OffsetEntry[],
  ): void {
    const { producerId, producerEpoch } = producer
    this.#record({ kind: 'pending-offsets', group, producerId, producerEpoch, offsets })
  }

  /** The transaction of this producer is decided. */
  decide(group: string, producerId: number, commit: boolean): void {
    if (!this.#pending.get(group)?.has(producerId)) return
    this.#record({ kind: 'pending-decided', group, producerId, commit })
  }

  delete(group: string, partitions: readonly (readonly [topic: string, partition: number])[]): void {
    this.#record({ kind: 'offsets-deleted', group, partitions })
  }

  deleteGroup(group: string): void {
    if (this.has(group)) this.#record({ kind: 'group-deleted', group })
  }

  /** A deleted topic takes its offsets with it. */
  deleteTopic(topic: string): void {
    for (const [group, offsets] of this.#committed) {
      const gone = [...offsets.values()].filter((entry) => entry.topic === topic)
      if (gone.length > 0) {
        this.delete(
          group,
          gone.map((entry) => [entry.topic, entry.partition] as const),
        )
      }
    }
  }

  replay(entry: JournalEntry): void {
    if (entry.kind === 'offsets') {
      put(entryOf(this.#committed, entry.group), entry.offsets)
    } else if (entry.kind === 'pending-offsets') {
      let byProducer = this.#pending.get(entry.group)
      if (byProducer === undefined) this.#pending.set(entry.group, (byProducer = new Map()))
      const { producerId, producerEpoch } = entry
      const known = byProducer.get(producerId)
      const pending = known?.producerEpoch === producerEpoch ? known : { producerEpoch, offsets: new Map() }
      byProducer.set(producerId, pending)
      put(pending.offsets, entry.offsets)
    } else if (entry.kind === 'pending-decided') {
      this.#decide(entry.group, entry.producerId, entry.commit)
    } else if (entry.kind === 'offsets-deleted') {
      const offsets = this.#committed.get(entry.group)
      for (const [topic, partition] of entry.partitions) offsets?.delete(keyOf(topic, partition))
      if (offsets?.size === 0) this.#committed.delete(entry.group)
    } else if (entry.kind === 'group-deleted') {
      this.#committed.delete(entry.group)
      this.#pending.delete(entry.group)
    }
  }

  *snapshot(): Iterable<JournalEntry> {
    for (const [group, offsets] of this.#committed) yield { kind: 'offsets', group, offsets: [...offsets.values()] }
    for (const [group, byProducer] of this.#pending) {
      for (const [producerId, { producerEpoch, offsets }] of byProducer) {
        yield { kind: 'pending-offsets', group, producerId, producerEpoch, offsets: [...offsets.values()] }
      }
    }
  }

  #record(entry: JournalEntry): void {
    this.#journal.write(entry)
    this.replay(entry)
  }

  #decide(group: string, producerId: number, commit: boolean): void {
    const byProducer = this.#pending.get(group)
    const pending = byProducer?.get(producerId)
    if (byProducer === undefined || pending === undefined) return
    byProducer.delete(producerId)
    if (byProducer.size === 0) this.#pending.delete(group)
    if (commit) put(entryOf(this.#committed, group), [...pending.offsets.values()])
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}\n${partition}`
}

function put(offsets: Offsets, entries: readonly OffsetEntry[]): void {
  for (const entry of entries) offsets.set(keyOf(entry.topic, entry.partition), entry)
}

function entryOf<K>(map: Map<K, Offsets>, key: K): Offsets {
  let offsets = map.get(key)
  if (offsets === undefined) map.set(key, (offsets = new Map()))
  return offsets
}
