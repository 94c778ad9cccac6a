/** Gives out producer ids, never one twice, also across restarts: they are reserved in blocks. */
import type { JournalEntry, JournalKind } from '../journal/journal-entry.ts'
import type { Journal, JournalPart } from '../journal/journal.ts'

const blockSize = 1000

export class ProducerIds implements JournalPart {
  readonly kinds: readonly JournalKind[] = ['producer-ids']
  readonly #journal: Journal
  #next: number = 0
  #reservedTo: number = 0

  constructor(journal: Journal) {
    this.#journal = journal
    journal.add(this)
  }

  next(): number {
    if (this.#next === this.#reservedTo) {
      this.#journal.write({ kind: 'producer-ids', next: this.#reservedTo + blockSize })
      this.#reservedTo += blockSize
    }
    return this.#next++
  }

  replay(entry: JournalEntry): void {
    if (entry.kind !== 'producer-ids') return
    this.#next = entry.next
    this.#reservedTo = entry.next
  }

  *snapshot(): Iterable<JournalEntry> {
    yield { kind: 'producer-ids', next: this.#reservedTo }
  }
}
