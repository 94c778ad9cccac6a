/** Goal: how long the loop keeps the thread, in virtual time, whatever the user code costs. */
import { type LogFields, silentLogger } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { HeldTask, type OpenTask } from './held-task.ts'
import { type LoopParts, StreamLoop } from './stream-loop.ts'

/** A task whose records take this long, ms; nothing when it has none. */
class SlowTask {
  readonly name: string
  readonly processed: number[] = []
  readonly #world: World
  /** The next one last. */
  #waiting: number[] = []
  /** What punctuations take, each time one is looked for; 0 = none is due. */
  punctuationMs = 0
  /** Called behind each record. */
  onRecord: () => void = () => undefined
  readonly commitRequested = false
  readonly pinnedBytes = 0

  constructor(world: World, name: string) {
    this.#world = world
    this.name = name
  }

  get allBuffered(): boolean {
    return this.#waiting.length > 0
  }

  get lastRecord(): { topic: string; partition: number; offset: number } {
    return { topic: 'in', partition: 3, offset: this.processed.length - 1 }
  }

  add(count: number, costMs: number): void {
    this.#waiting = [...Array.from({ length: count }, () => costMs), ...this.#waiting]
  }

  buffered(): number {
    return this.#waiting.length
  }

  process(recordsMax: number): number {
    let done = 0
    for (; done < recordsMax; done++) {
      const costMs = this.#waiting.pop()
      if (costMs === undefined) break
      this.#world.nowMs += costMs
      this.processed.push(costMs)
      this.onRecord()
    }
    return done
  }

  punctuateStreamTime(): boolean {
    return false
  }

  punctuateWallClock(): boolean {
    this.#world.nowMs += this.punctuationMs
    return this.punctuationMs > 0
  }
}

/** A loop on fakes. Time passes in user code alone. */
class World {
  nowMs = 0
  clockReads = 0
  turns = 0
  /** Longest time without a turn of the event loop since it was last set to 0, ms. */
  longestMs = 0
  readonly warnings: { readonly text: string; readonly fields: LogFields | undefined }[] = []
  readonly tasks: SlowTask[]
  readonly loop: StreamLoop
  #turnAtMs = 0

  constructor(tasks: number) {
    this.tasks = Array.from({ length: tasks }, (_, i) => new SlowTask(this, `0_${i}`))
    const running = this.tasks.map((task, partition) => {
      const held = new HeldTask({ subTopology: 0, partition }, [{ topic: 'in', partition }], 0)
      held.open = { task } as unknown as OpenTask
      return held
    })
    const read = (): number => {
      this.clockReads++
      return this.nowMs
    }
    this.loop = new StreamLoop({
      app: {
        around: {
          clock: { nowMs: read, monotonicMs: read },
          logger: {
            ...silentLogger,
            warn: (text: string, fields?: LogFields) => void this.warnings.push({ text, fields }),
          },
        },
        options: {
          pollMs: 100,
          maxPollIntervalMs: 300_000,
          commitIntervalMs: 1_000_000,
          bufferMemory: 1,
          sessionTimeoutMs: 6000,
          heartbeatIntervalMs: 1500,
        },
        workerCount: () => 1,
        isPaused: () => false,
        yieldTurn: async () => {
          this.turns++
          this.longestMs = Math.max(this.longestMs, this.nowMs - this.#turnAtMs)
          this.#turnAtMs = this.nowMs
        },
      },
      worker: 'app-worker-1',
      fetcher: { poll: async () => [], resume: () => undefined, wakeup: () => undefined, status: () => undefined },
      tasks: { running, adopt: () => undefined },
      output: () => ({ bufferedBytes: 0, failure: null }),
      pollGroup: async () => undefined,
      commit: async () => true,
    } as unknown as LoopParts)
  }

  async idle(polls: number): Promise<void> {
    for (let i = 0; i < polls; i++) await this.loop.once()
  }
}

function worldOf(tasks = 1): { readonly world: World; readonly task: SlowTask } {
  const world = new World(tasks)
  return { world, task: world.tasks[0] as SlowTask }
}

describe('a burst of slow records', () => {
  it('does not keep an idle application from its heartbeats', async () => {
    const { world, task } = worldOf()
    await world.idle(100)
    task.add(400, 20)
    await world.loop.once()
    expect(task.processed).toHaveLength(400)
    expect(world.longestMs).toBeLessThanOrEqual(40)
  })

  it('keeps one that has learnt that records are cheap for one piece of them, never for a round', async () => {
    const { world, task } = worldOf()
    task.add(100_000, 0.001)
    await world.loop.once()
    world.longestMs = 0
    task.add(400, 20)
    await world.loop.once()
    expect(world.longestMs).toBeLessThanOrEqual(32 * 20 + 40)
    world.longestMs = 0
    task.add(400, 20)
    await world.loop.once()
    expect(world.longestMs).toBeLessThanOrEqual(40)
  })

  it('does not keep it again when the same records are read anew, behind cheap ones', async () => {
    const { world, task } = worldOf()
    task.add(10_000, 0.001)
    task.add(100, 400)
    await world.loop.once()
    expect(world.longestMs).toBeGreaterThan(5000)
    world.longestMs = 0
    // Expelled meanwhile: what was processed last comes again.
    task.add(1_000, 0.001)
    task.add(100, 400)
    await world.loop.once()
    expect(world.longestMs).toBeLessThanOrEqual(420)
  })

  it('leaves every task its part', async () => {
    const { world } = worldOf(3)
    for (const task of world.tasks) task.add(50, 20)
    const order: string[] = []
    for (const task of world.tasks) task.onRecord = () => void order.push(task.name)
    await world.loop.once()
    expect(order.slice(0, 9)).toEqual(['0_0', '0_1', '0_2', '0_0', '0_1', '0_2', '0_0', '0_1', '0_2'])
    expect(world.longestMs).toBeLessThanOrEqual(40)
  })
})

it('reads no clock per record while records are cheap', async () => {
  const { world, task } = worldOf()
  task.add(200_000, 0.001)
  await world.loop.once()
  expect(task.processed).toHaveLength(200_000)
  expect(world.clockReads).toBeLessThan(200_000 / 25)
  expect(world.longestMs).toBeLessThanOrEqual(20)
})

it('gives turns between the punctuations of tasks that have no records, and calls all of them', async () => {
  const { world } = worldOf(100)
  for (const task of world.tasks) task.punctuationMs = 15
  world.tasks[99]?.add(1, 0)
  await world.loop.once()
  expect(world.longestMs).toBeLessThanOrEqual(30)
  expect(world.tasks[99]?.processed).toHaveLength(1)
})

describe('a record that takes longer than the session lasts', () => {
  it('is named each time, with what to do', async () => {
    const { world, task } = worldOf()
    task.add(1, 1)
    task.add(1, 7000)
    await world.loop.once()
    task.add(1, 7000)
    await world.loop.once()
    const told = { worker: 'app-worker-1', task: '0_0', stoodMs: 7000, sessionTimeoutMs: 6000, records: 1 }
    expect(world.warnings.map(({ fields }) => fields)).toMatchObject([
      { ...told, record: 'in-3@1' },
      { ...told, record: 'in-3@2' },
    ])
    expect(world.warnings[0]?.fields?.['whatToDo']).toMatch(/sessionTimeout.*worker_thread/)
  })

  it('is told of when it is a punctuation', async () => {
    const { world, task } = worldOf()
    task.punctuationMs = 5000
    await world.loop.once()
    expect(world.warnings[0]?.fields).toMatchObject({ task: '0_0', in: 'a punctuation', stoodMs: 5000 })
  })

  it('is not told of when it leaves time for a heartbeat', async () => {
    const { world, task } = worldOf()
    task.add(10, 4000)
    await world.loop.once()
    expect(world.warnings).toEqual([])
  })
})
