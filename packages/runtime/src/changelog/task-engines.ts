/**
 * The engines of one process: at most one holder per task, whichever worker it is.
 *
 * A task that moves from one worker to another, or from standby to active, is opened by the new holder while the old one
 * may still be closing it; `open` then waits. An engine of another layout is removed here and opened empty: the changelog
 * has everything. A damaged one is set aside for the user, since a store without changelog may be in it.
 *
 * Names that are none of ours are not looked at, whatever the provider lists.
 */
import { ConfigError, TaskCorruptedError } from '@millrace/core'
import type { Clock, Logger, StoreEngine, StoreEngineProvider } from '@millrace/core/port'
import {
  type EngineOwner,
  layoutMatches,
  layoutOperation,
  ownerOperations,
  storedOffsetSum,
  storedOwner,
} from './positions.ts'
import { ringedEngine } from './ringed-engine.ts'

/** An engine in use. */
export interface HeldEngine {
  readonly engine: StoreEngine
  /** Closes the engine and lets the next holder in; twice is harmless. */
  release(): Promise<void>
  /** Closes the engine and takes its rows away, damaged ones aside: the state is to be restored from the start. */
  destroy(reason: TaskCorruptedError | null): Promise<void>
}

/** Names of tasks, with the one of the global stores. */
const engineNames = /^(\d+_\d+|global)$/

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
  /** Owners of the engines that were looked at. */
  readonly #owners = new Map<string, EngineOwner>()
  #owner: EngineOwner = { cluster: null, application: null }
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
   * @throws {MR_STORE_CLUSTER} {MR_STORE_APPLICATION} (ConfigError) its rows are somebody else's; nothing was removed
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
      for (const name of await this.#names()) if (!this.#held.has(name)) await this.#scan(name)
    }
    return this.#offsetSums
  }

  /**
   * Says whose state this is: asked before engines are opened, for what is known so far. Cluster null: the brokers tell no
   * id.
   *
   * @throws {MR_STORE_CLUSTER} {MR_STORE_APPLICATION} (ConfigError) there is state of another cluster or application here
   */
  useOwner(owner: EngineOwner): void {
    this.#owner = owner
    for (const [task, stored] of this.#owners) this.#requireOwner(task, stored)
  }

  #requireOwner(task: string, stored: EngineOwner): void {
    const { cluster, application } = this.#owner
    if (stored.application !== null && application !== null && stored.application !== application) {
      throw new ConfigError('MR_STORE_APPLICATION', { task, stored: stored.application, application })
    }
    if (stored.cluster === null || cluster === null || stored.cluster === cluster) return
    throw new ConfigError('MR_STORE_CLUSTER', { task, stored: stored.cluster, cluster })
  }

  async #names(): Promise<string[]> {
    return (await this.#provider.list()).filter((name) => engineNames.test(name))
  }

  /** True while somebody has the engine of this task, or waits for it. */
  isHeld(name: string): boolean {
    return this.#held.has(name)
  }

  /** Removes engines that nobody has held for this long; those that never were count from the first call. */
  async clean(olderThanMs: number): Promise<void> {
    const nowMs = this.#clock.nowMs()
    for (const name of await this.#names()) {
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

  /**
   * Removes the engines of all tasks; nobody holds any.
   *
   * @throws {MR_STORE_CLUSTER} {MR_STORE_APPLICATION} (ConfigError) one is somebody else's; nothing was removed
   */
  async removeAll(owner: EngineOwner): Promise<void> {
    await this.offsetSums()
    this.useOwner(owner)
    for (const name of await this.#names()) await this.#provider.destroy(name)
  }

  async close(): Promise<void> {
    await Promise.all(this.#held.values())
    await this.#provider.close()
  }

  #holding(name: string, engine: StoreEngine, letGo: () => void): HeldEngine {
    let ended: Promise<void> | null = null
    const end = async (removes: boolean, damage: TaskCorruptedError | null): Promise<void> => {
      try {
        this.#offsetSums.delete(name)
        if (!removes) this.#offsetSums.set(name, await storedOffsetSum(engine))
      } catch (error) {
        this.#logger.debug('the position of a task could not be read', { task: name, reason: String(error) })
      }
      try {
        await engine.close()
        if (removes) await this.#remove(name, damage)
      } finally {
        letGo()
      }
    }
    return {
      engine,
      release: async () => {
        ended ??= end(false, null)
        await ended
      },
      destroy: async (reason) => {
        ended ??= end(true, reason)
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
        this.#owners.set(name, await storedOwner(engine))
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
      let damage: TaskCorruptedError | null = null
      try {
        const opened = await this.#provider.open(name)
        engine = opened
        engine = ringedEngine(opened, name)
        this.#requireOwner(name, await storedOwner(engine))
        if (await layoutMatches(engine, layout)) {
          await engine.write([layoutOperation(layout), ...ownerOperations(this.#owner)])
          return engine
        }
        this.#logger.warn('state belongs to another version of the topology; it is restored anew', { task: name })
      } catch (error) {
        if (attempt > 0 || !(error instanceof TaskCorruptedError) || error.code !== 'MR_STORE_CORRUPT') {
          await engine?.close()
          throw error
        }
        damage = error
      }
      await engine?.close()
      await this.#remove(name, damage)
    }
  }

  /** Sets a damaged engine aside; rows that are whole but of no use (null, or an error of another kind) go. */
  async #remove(name: string, damage: TaskCorruptedError | null): Promise<void> {
    if (damage?.code !== 'MR_STORE_CORRUPT' || this.#provider.setAside === undefined) {
      await this.#provider.destroy(name)
      return
    }
    const place = await this.#provider.setAside(name)
    const fields = { task: name, reason: damage.message, place }
    this.#logger.warn('state is damaged; it is set aside and restored from the changelog', fields)
  }
}
