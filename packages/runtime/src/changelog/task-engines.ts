/**
 * The engines of one process: at most one holder per task, whichever worker it is.
 *
 * A task that moves from one worker to another, or from standby to active, is opened by the new holder while the old one
 * may still be closing it; `open` then waits. A damaged engine, or one of another layout, is removed here and opened
 * empty: the changelog has everything.
 */
import { ConfigError, StreamsError } from '@millrace/core'
import type { Clock, Logger, StoreEngine, StoreEngineProvider } from '@millrace/core/port'
import { clusterOperation, layoutMatches, layoutOperation, storedClusterId, storedOffsetSum } from './positions.ts'
import { ringedEngine } from './ringed-engine.ts'

/** An engine in use. */
export interface HeldEngine {
  readonly engine: StoreEngine
  /** Closes the engine and lets the next holder in; twice is harmless. */
  release(): Promise<void>
  /** Closes the engine and removes its rows: the state is to be restored from the start. */
  destroy(): Promise<void>
}

export class TaskEngines {
  readonly #provider: StoreEngineProvider
  readonly #logger: Logger
  readonly #clock: Clock
  /** End of the present holder's time, by task. */
  readonly #held = new Map<string, Promise<void>>()
  /** When a task was last held here, ms. */
  readonly #lastHeldMs = new Map<string, number>()
  /** How much of its changelogs each engine had when it was closed last. */
  readonly #offsetSums = new Map<string, number>()
  /** Clusters of the engines that were looked at; null = not noted. */
  readonly #clusterIds = new Map<string, string | null>()
  #clusterId: string | null = null
  #scanned = false

  constructor(provider: StoreEngineProvider, logger: Logger, clock: Clock) {
    this.#provider = provider
    this.#logger = logger
    this.#clock = clock
  }

  /** True when rows survive the process. */
  get persistent(): boolean {
    return this.#provider.persistent
  }

  /**
   * Opens the engine of a task, after every earlier holder has released it.
   *
   * @throws {MR_STORE_DISK_FULL} {MR_STORE_DIRECTORY} (FatalError) nothing was removed
   * @throws {MR_STORE_CLUSTER} (ConfigError) its rows are of another cluster; nothing was removed
   */
  async open(name: string, layout: string): Promise<HeldEngine> {
    let free: () => void = () => undefined
    const before = this.#held.get(name)
    const mine = new Promise<void>((resolve) => {
      free = resolve
    })
    const turn = (before ?? Promise.resolve()).then(async () => mine)
    this.#held.set(name, turn)
    await before
    const letGo = (): void => {
      this.#lastHeldMs.set(name, this.#clock.nowMs())
      if (this.#held.get(name) === turn) this.#held.delete(name)
      free()
    }
    try {
      const engine = await this.#openSound(name, layout)
      return this.#holding(name, engine, letGo)
    } catch (error) {
      letGo()
      throw error
    }
  }

  /**
   * How much state of which tasks lies here, as of the last time each engine was closed: what a restarted process tells
   * the leader. The first call opens every engine once.
   */
  async offsetSums(): Promise<ReadonlyMap<string, number>> {
    if (!this.#scanned) {
      this.#scanned = true
      for (const name of await this.#provider.list()) if (!this.#held.has(name)) await this.#scan(name)
    }
    return this.#offsetSums
  }

  /**
   * Says whose changelogs the state is of: asked once, before engines are opened. Null: the brokers tell no id.
   *
   * @throws {MR_STORE_CLUSTER} (ConfigError) there is state of another cluster here
   */
  useCluster(id: string | null): void {
    this.#clusterId = id
    for (const [task, stored] of this.#clusterIds) this.#requireCluster(task, stored)
  }

  #requireCluster(task: string, stored: string | null): void {
    const cluster = this.#clusterId
    if (stored === null || cluster === null || stored === cluster) return
    throw new ConfigError('MR_STORE_CLUSTER', { task, stored, cluster })
  }

  /** True while somebody has the engine of this task, or waits for it. */
  isHeld(name: string): boolean {
    return this.#held.has(name)
  }

  /** Removes engines that nobody has held for this long; those that never were count from the first call. */
  async clean(olderThanMs: number): Promise<void> {
    const nowMs = this.#clock.nowMs()
    for (const name of await this.#provider.list()) {
      if (this.#held.has(name)) continue
      const lastMs = this.#lastHeldMs.get(name)
      if (lastMs === undefined) this.#lastHeldMs.set(name, nowMs)
      else if (nowMs - lastMs >= olderThanMs) {
        await this.#provider.destroy(name)
        this.#lastHeldMs.delete(name)
        this.#offsetSums.delete(name)
        this.#logger.info('removed the state of a task that moved away', { task: name })
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.values())
    await this.#provider.close()
  }

  #holding(name: string, engine: StoreEngine, letGo: () => void): HeldEngine {
    let ended: Promise<void> | null = null
    const end = async (removes: boolean): Promise<void> => {
      try {
        this.#offsetSums.delete(name)
        if (!removes) this.#offsetSums.set(name, await storedOffsetSum(engine))
      } catch (error) {
        this.#logger.debug('the position of a task could not be read', { task: name, reason: String(error) })
      }
      try {
        await engine.close()
        if (removes) await this.#provider.destroy(name)
      } finally {
        letGo()
      }
    }
    return {
      engine,
      release: async () => {
        ended ??= end(false)
        await ended
      },
      destroy: async () => {
        ended ??= end(true)
        await ended
      },
    }
  }

  /** A damaged engine counts as none; it is removed when somebody opens it. */
  async #scan(name: string): Promise<void> {
    try {
      const engine = await this.#provider.open(name)
      try {
        this.#offsetSums.set(name, await storedOffsetSum(engine))
        this.#clusterIds.set(name, await storedClusterId(engine))
      } finally {
        await engine.close()
      }
    } catch (error) {
      this.#logger.debug('state could not be looked at', { task: name, reason: String(error) })
    }
  }

  async #openSound(name: string, layout: string): Promise<StoreEngine> {
    for (let attempt = 0; ; attempt++) {
      let engine: StoreEngine | null = null
      try {
        const opened = await this.#provider.open(name)
        engine = opened
        engine = ringedEngine(opened, name)
        this.#requireCluster(name, await storedClusterId(engine))
        if (await layoutMatches(engine, layout)) {
          const noted = this.#clusterId === null ? [] : [clusterOperation(this.#clusterId)]
          await engine.write([layoutOperation(layout), ...noted])
          return engine
        }
        this.#logger.warn('state belongs to another version of the topology; it is restored anew', { task: name })
      } catch (error) {
        if (attempt > 0 || !(error instanceof StreamsError) || error.code !== 'MR_STORE_CORRUPT') {
          await engine?.close()
          throw error
        }
        this.#logger.warn('state is damaged; it is restored anew', { task: name, reason: error.message })
      }
      await engine?.close()
      await this.#provider.destroy(name)
    }
  }
}
