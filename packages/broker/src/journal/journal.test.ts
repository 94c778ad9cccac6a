import { describe, expect, it } from 'vitest'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { JournalEntry } from './journal-entry.ts'
import { Journal, type JournalPart } from './journal.ts'

class LastIds implements JournalPart {
  readonly kinds = ['producer-ids'] as const
  next = 0

  replay(entry: JournalEntry): void {
    if (entry.kind === 'producer-ids') this.next = entry.next
  }

  *snapshot(): Iterable<JournalEntry> {
    yield { kind: 'producer-ids', next: this.next }
  }
}

function open(storage: MemoryStorage): { journal: Journal; part: LastIds; write: (next: number) => void } {
  const journal = new Journal(storage)
  const part = new LastIds()
  journal.add(part)
  journal.replay()
  const write = (next: number): void => {
    journal.write({ kind: 'producer-ids', next })
    part.next = next
  }
  return { journal, part, write }
}

describe('the journal', () => {
  it('gives every entry back, to the part that knows its kind', () => {
    const storage = new MemoryStorage()
    const { journal, write } = open(storage)
    write(5)
    journal.write({ kind: 'topic-deleted', name: 'unknown here' })
    write(7)
    expect(open(storage).part.next).toBe(7)
  })

  it.each([1, 7, 8, 20])(
    'drops an entry of which only %i bytes were written, and goes on behind the last whole one',
    (length) => {
      const storage = new MemoryStorage()
      open(storage).write(5)
      const file = storage.open('cluster.journal')
      file.append(file.view(0, length).slice())
      const again = open(storage)
      expect(again.part.next).toBe(5)
      again.write(6)
      expect(open(storage).part.next).toBe(6)
    },
  )

  it('refuses an entry that is damaged with whole ones behind it, and keeps all of them', () => {
    for (const byte of [0, 3, 5, 12]) {
      const storage = new MemoryStorage()
      const { write } = open(storage)
      write(5)
      const position = storage.open('cluster.journal').size
      write(6)
      write(7)
      const file = storage.open('cluster.journal')
      const bytes = file.view(0, file.size).slice()
      bytes[position + byte]! ^= 0x10
      file.truncate(0)
      file.append(bytes)
      const details = { file: 'cluster.journal', position, reason: expect.anything() }
      expect(() => open(storage)).toThrow(expect.objectContaining({ code: 'MR_BROKER_DAMAGED', details }))
      expect(storage.open('cluster.journal').size).toBe(bytes.length)
    }
  })

  it('is written anew when it has grown, and loses nothing by it', () => {
    const storage = new MemoryStorage()
    const { write } = open(storage)
    for (let i = 1; i <= 40_000; i++) write(i)
    expect(storage.open('cluster.journal').size).toBeLessThan(1_200_000)
    expect(open(storage).part.next).toBe(40_000)
    expect(storage.list()).toEqual(['cluster.journal'])
  })
})
