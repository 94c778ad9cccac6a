/**
 * The id of the cluster, as Kafka's storage tool makes one: 16 random bytes, base64. A broker with a directory keeps it in
 * its journal, so that an application can tell it from another broker with topics of the same names.
 */
import type { Random } from '@millrace/core/port'
import type { JournalEntry } from './journal/journal-entry.ts'
import type { Journal, JournalPart } from './journal/journal.ts'

/** Of brokers that keep nothing: each would have another one, and none outlives its process. */
const unkept = 'millrace-embedded-broke'
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export class ClusterIdentity implements JournalPart {
  readonly kinds = ['cluster'] as const
  readonly #journal: Journal
  #id: string | null = null

  constructor(journal: Journal) {
    this.#journal = journal
    journal.add(this)
  }

  get id(): string {
    return this.#id ?? unkept
  }

  /** After replay: makes an id if there is none. */
  keep(random: Random): void {
    if (this.#id !== null) return
    const id = Array.from(random.bytes(22), (byte) => digits[byte & 63]).join('')
    this.#id = id
    this.#journal.write({ kind: 'cluster', id })
  }

  replay(entry: JournalEntry): void {
    if (entry.kind === 'cluster') this.#id = entry.id
  }

  snapshot(): Iterable<JournalEntry> {
    return this.#id === null ? [] : [{ kind: 'cluster', id: this.#id }]
  }
}
