/**
 * The disk under a virtual broker: files that survive its lives, and a crash between any two of its writes.
 *
 * The broker writes through the page cache and its partitions stand for replicated ones, so a completed write is never
 * lost: that is what `acks=all` promises. A crash strikes *in* a write: the one under way is there in full, in part (a
 * torn tail, which the broker must cut off), or not at all; everything behind it never happened.
 */
import { type LogFile, type LogStorage, MemoryStorage } from '@millrace/broker/internal'
import type { SeededRandom } from './seeded-random.ts'

/** Thrown out of the write in which the broker died; nobody alive sees it. */
export class BrokerDied extends Error {}

export class VirtualLogStorage {
  /** Writes of all lives so far. */
  writes = 0
  private readonly files = new MemoryStorage()
  private readonly random: SeededRandom
  private life = 0
  private crashAtWrite = Infinity
  private onCrash: () => void = () => undefined

  constructor(random: SeededRandom) {
    this.random = random
  }

  /** The storage as a new life of the broker finds it; an earlier life's handles are void from now on. */
  open(): LogStorage {
    const life = ++this.life
    this.crashAtWrite = Infinity
    const { files } = this
    const step = (write: () => void, partial?: () => void): void => this.step(life, write, partial)
    const wrap = (file: LogFile): LogFile => guarded(file, step, this.random)
    return {
      persistent: true,
      open: (name) => wrap(files.open(name)),
      list: () => files.list(),
      remove: (name) => step(() => files.remove(name)),
      rename: (from, to) => step(() => files.rename(from, to)),
      close: () => undefined,
    }
  }

  /** The broker that uses it dies now. */
  crash(): void {
    this.life++
  }

  /** The broker dies in its `count`-th write from now; `onCrash` is called at that moment. */
  crashAfter(count: number, onCrash: () => void): void {
    this.crashAtWrite = this.writes + count
    this.onCrash = onCrash
  }

  private step(life: number, write: () => void, partial?: () => void): void {
    if (life !== this.life) throw new BrokerDied('this broker is dead')
    this.writes++
    if (this.writes < this.crashAtWrite) {
      write()
      return
    }
    this.crash()
    const fate = this.random.between(0, 2)
    if (fate === 0) write()
    else if (fate === 1) partial?.()
    this.onCrash()
    throw new BrokerDied('the broker died in a write')
  }
}

type Step = (write: () => void, partial?: () => void) => void

function guarded(file: LogFile, step: Step, random: SeededRandom): LogFile {
  return {
    get name() {
      return file.name
    },
    get size() {
      return file.size
    },
    append: (bytes) =>
      step(
        () => file.append(bytes),
        () => {
          if (bytes.length > 1) file.append(bytes.subarray(0, random.between(1, bytes.length - 1)))
        },
      ),
    view: (position, lengthMax) => file.view(position, lengthMax),
    truncate: (size) => step(() => file.truncate(size)),
    // A file keeps its head; the next life reads it from the start.
    discardBefore: () => undefined,
    flush: () => undefined,
    close: () => undefined,
  }
}
