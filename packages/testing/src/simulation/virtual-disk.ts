/**
 * The disk of one machine in a simulation: store engines whose rows survive the processes that use them.
 *
 * A kill of the process loses no finished write; one under way is there whole or not at all. A loss of power may also lose
 * the last writes, or some in the middle of them (a hole, which LevelDB does not report: exactly-once.md, L2). Each image
 * that comes back is one that a real disk could show.
 */
import { FatalError } from '@millrace/core'
import { memoryEngine } from '@millrace/core/internal'
import type { EngineOperation, StoreEngine, StoreEngineProvider } from '@millrace/core/port'
import type { SeededRandom } from './seeded-random.ts'
import { never, type VirtualProcess } from './virtual-process.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Volume {
  /** Rows that no loss of power can take. */
  base: StoreEngine
  /** Finished writes since, oldest first. */
  recent: (readonly EngineOperation[])[]
  /** What the processes see: base and all recent writes. */
  image: StoreEngine
  readonly underWay: Set<readonly EngineOperation[]>
  /** The process that has it open; LevelDB's lock. */
  holder: VirtualProcess | null
}

/** Writes that a loss of power may take: this many, of this many bytes together. */
const recentMax = 8
export const lostBytesMax: number = 64 * 1024

export class VirtualDisk {
  /** Writes fail with "no space" while true. */
  isFull = false
  /** Small values beside the stores, e.g. the process id. */
  readonly notes: Map<string, string> = new Map()
  /** Disks that were lost before this one. */
  generation = 0
  private readonly volumes = new Map<string, Volume>()
  private readonly time: VirtualTime
  private readonly random: SeededRandom

  constructor(world: { readonly time: VirtualTime; readonly random: SeededRandom }) {
    this.time = world.time
    this.random = world.random
  }

  /** The provider of one process on this machine. */
  stores(process: VirtualProcess): StoreEngineProvider {
    return {
      persistent: true,
      open: async (name) => {
        if (!process.passes(`disk open ${name}`)) return never()
        return this.engine(name, process)
      },
      destroy: async (name) => {
        if (!process.passes(`disk destroy ${name}`)) return never()
        this.volumes.delete(name)
      },
      list: async () => [...this.volumes.keys()],
      close: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }
  }

  /** Rows of an engine as the checker sees them; empty when there is no such engine. */
  rows(name: string): StoreEngine | undefined {
    return this.volumes.get(name)?.image
  }

  names(): string[] {
    return [...this.volumes.keys()]
  }

  /** The process was killed: a write under way is there, or not. */
  async processCrashed(): Promise<void> {
    for (const volume of this.volumes.values()) {
      const underWay = [...volume.underWay]
      volume.underWay.clear()
      for (const operations of underWay) if (this.random.chance(0.5)) await this.apply(volume, operations)
    }
  }

  /** Power was lost: besides, the last writes may be gone, or a stretch before them. */
  async machineCrashed(): Promise<void> {
    await this.processCrashed()
    for (const volume of this.volumes.values()) {
      const { recent } = volume
      if (recent.length === 0) continue
      const from = this.random.between(0, recent.length - 1)
      // LevelDB drops the rest of a damaged block of its log and goes on behind it.
      const to = this.random.chance(0.5) ? recent.length : this.random.between(from + 1, recent.length)
      volume.recent = recent.filter((_, i) => i < from || i >= to)
      volume.image = await copyOf(volume.base)
      for (const operations of volume.recent) await volume.image.write(operations)
    }
  }

  /** The disk is gone: a new machine. */
  lost(): void {
    this.generation++
    this.volumes.clear()
    this.notes.clear()
  }

  private engine(name: string, process: VirtualProcess): StoreEngine {
    const volume = this.volumes.get(name) ?? emptyVolume(name)
    this.volumes.set(name, volume)
    const { holder, image } = volume
    if (holder?.isAlive === true) {
      throw new FatalError('MR_STORE_LOCKED', { directory: name, holder: holder.name })
    }
    volume.holder = process
    return {
      supports: image.supports,
      getSync: (key) => image.getSync(key),
      getMany: async (keys) => image.getMany(keys),
      range: (options) => image.range(options),
      rangeSync: (options) => image.rangeSync(options),
      write: async (operations) => this.write(volume, operations, process),
      clear: async (range) => {
        if (!process.passes(`disk clear ${name}`)) return never()
        await image.clear(range)
        await this.settle(volume)
      },
      compact: async () => undefined,
      snapshot: () => image.snapshot(),
      stats: () => ({ ...image.stats(), writeBufferBytes: lostBytesMax }),
      close: async () => {
        if (process.isAlive) volume.holder = null
      },
      [Symbol.asyncDispose]: async () => {
        if (process.isAlive) volume.holder = null
      },
    }
  }

  private async write(volume: Volume, operations: readonly EngineOperation[], process: VirtualProcess): Promise<void> {
    if (!process.passes('disk write')) return never()
    if (this.isFull) throw new FatalError('MR_STORE_DISK_FULL', { directory: 'virtual disk', reason: 'ENOSPC' })
    const copy = operations.map(({ key, value }) => ({ key: key.slice(), value: value?.slice() ?? null }))
    await new Promise<void>((resolve, reject) => {
      const written = (): void =>
        process.enter(() => {
          if (process.passes('disk written')) process.enter(resolve)
        })
      // Later, if the process was stopped just here.
      process.enter(() => {
        volume.underWay.add(copy)
        this.time.after(this.random.next(), () => {
          if (volume.underWay.delete(copy)) this.apply(volume, copy).then(written, reject)
        })
      })
    })
  }

  private async apply(volume: Volume, operations: readonly EngineOperation[]): Promise<void> {
    await volume.image.write(operations)
    volume.recent.push(operations)
    while (volume.recent.length > recentMax || sizeOf(volume.recent) > lostBytesMax) {
      const oldest = volume.recent.shift()
      if (oldest !== undefined) await volume.base.write(oldest)
    }
  }

  /** All of it is safe from a loss of power from now on. */
  private async settle(volume: Volume): Promise<void> {
    volume.base = await copyOf(volume.image)
    volume.recent = []
  }
}

function emptyVolume(name: string): Volume {
  return {
    base: memoryEngine(`${name} base`),
    recent: [],
    image: memoryEngine(name),
    underWay: new Set(),
    holder: null,
  }
}

function sizeOf(writes: readonly (readonly EngineOperation[])[]): number {
  let bytes = 0
  for (const operations of writes) for (const { key, value } of operations) bytes += key.length + (value?.length ?? 0)
  return bytes
}

async function copyOf(engine: StoreEngine): Promise<StoreEngine> {
  const copy = memoryEngine('copy')
  await copy.write([...engine.rangeSync({})])
  return copy
}
