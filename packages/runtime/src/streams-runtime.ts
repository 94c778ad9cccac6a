/**
 * A topology on given parts: start, states, workers, queries, close.
 *
 * It knows no concrete part: transport, stores, clock and randomness are handed in, so that the same code runs on a
 * cluster, on the embedded broker and in a simulation. The preset (`millrace`) puts the parts together.
 */
import { type Duration, durationMs, FatalError, StreamsError } from '@millrace/core'
import { type BuiltTopology, ReadBudget, type SerdeDefaults } from '@millrace/core/internal'
import type { StoreEngineProvider, Transport } from '@millrace/core/port'
import { Cluster, loadCodecs, type Surroundings } from '@millrace/protocol'
import { TaskEngines } from './changelog/task-engines.ts'
import { endLeftTransactions } from './left-transactions.ts'
import { type AppState, LifeCycle, type StateListener } from './life-cycle.ts'
import { type Metric, metricsOf } from './metrics.ts'
import type { ResolvedOptions, UncaughtAnswer } from './options.ts'
import { Queries } from './query/queries.ts'
import { KeptProcess, newProcessId } from './process-id.ts'
import { reachCluster } from './reach-cluster.ts'
import type { AppContext } from './worker/app-context.ts'
import { GlobalUpdater } from './worker/global-updater.ts'
import { type StopOptions, Worker } from './worker/worker.ts'

/** What a runtime stands on. */
export interface RuntimeParts {
  readonly topology: BuiltTopology
  readonly options: ResolvedOptions
  readonly around: Surroundings
  /** Closed with the runtime. */
  readonly transport: Transport
  readonly serdes: SerdeDefaults
  /** Directory of the state; null = nothing survives the process. */
  readonly stateDirectory: string | null
  /** Identity of the process, uuid text; without it the one kept in the directory, or a new one. */
  readonly processId?: string
  /** Engines of the tasks; closed with the runtime. */
  readonly stores: StoreEngineProvider
  /** Addresses of the cluster, for texts; absent = there is no network between. */
  readonly brokers?: string
  yieldTurn(): Promise<void>
}

/** How to close. */
export interface CloseOptions {
  /** True: peers take the tasks over at once. False (default, as Kafka): after the session timeout, so that a quick restart finds them again. */
  readonly leaveGroup?: boolean
  /** Longest wait for the last commit; then everything is closed without it. Default: as long as it takes. */
  readonly timeout?: Duration
}

/** After an error the other workers have this long for their last commit, ms. */
const failureCloseMs = 10_000

export class StreamsRuntime {
  readonly #parts: RuntimeParts
  readonly #cycle: LifeCycle
  /** What can be asked of it. */
  readonly queries: Queries
  #workers: Worker[] = []
  #kept: KeptProcess | null = null
  #failedWorkers = 0
  #app: AppContext | null = null
  #opening: Promise<AppContext> | null = null
  #global: GlobalUpdater | null = null
  #engines: TaskEngines | null = null
  #adminCluster: Cluster | null = null
  #paused = false
  #closing: Promise<void> | null = null
  #failure: StreamsError | null = null
  #cleaner: { cancel(): void } | null = null
  readonly #ended: Promise<void>
  #end: () => void = () => undefined

  constructor(parts: RuntimeParts) {
    this.#parts = parts
    this.#cycle = new LifeCycle((error) => {
      parts.around.logger.error('a state listener failed', { error: error instanceof Error ? error : undefined })
    })
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.queries = new Queries({
      topology: parts.topology,
      applicationId: parts.options.applicationId,
      serdes: parts.serdes,
      state: () => this.state,
      workers: () => this.#workers,
      globalView: (name) => this.#global?.view(name),
      adminCluster: () => this.#adminCluster,
      yieldTurn: async () => parts.yieldTurn(),
    })
  }

  get state(): AppState {
    return this.#cycle.state
  }

  /** Calls back after each change of state. @returns a function that stops it */
  onState(listener: StateListener): () => void {
    return this.#cycle.listen(listener)
  }

  /**
   * Takes the state directory, reaches the cluster, fills global stores, starts the workers. The state is then
   * `REBALANCING`; `RUNNING` follows when every assigned task runs. Closed meanwhile, it resolves and nothing runs.
   *
   * @throws {MR_RUNTIME_STATE} it was started before
   * @throws {MR_STORE_LOCKED} {MR_RUNTIME_UNREACHABLE} {MR_TRANSPORT_AUTHENTICATION} {MR_CONFIG_INVALID} …;
   *   the state is `ERROR` and everything is closed
   */
  async start(): Promise<void> {
    this.#cycle.assertIn(['CREATED'], 'start')
    this.#opening = this.#open()
    try {
      const app = await this.#opening
      if (this.#cycle.isEnding) return
      this.#cycle.to('REBALANCING')
      for (let i = 0; i < this.#parts.options.workers; i++) this.#spawn(app)
    } catch (error) {
      if (this.#cycle.isClosing) return
      await this.#fail(error)
      throw error
    }
  }

  /** Resolves when the application has ended by `close`; rejects with the error that ended it. */
  async ended(): Promise<void> {
    await this.#ended
    if (this.#failure !== null) throw this.#failure
  }

  /** Commits and closes; twice is harmless. */
  async close(options: CloseOptions = {}): Promise<void> {
    if (this.#cycle.state === 'ERROR' || this.#cycle.state === 'NOT_RUNNING') return
    this.#cycle.to('PENDING_SHUTDOWN')
    const limit = options.timeout === undefined ? {} : { timeoutMs: durationMs(options.timeout, 'timeout') }
    await this.#closeAll({ leaveGroup: options.leaveGroup ?? false, ...limit })
  }

  /**
   * Removes the state of all tasks that lies here; it is restored from the changelogs at the next start. Only while the
   * application does not run.
   *
   * @throws {MR_RUNTIME_STATE} it runs
   * @throws {MR_STORE_LOCKED} {MR_STORE_DIRECTORY} (FatalError) another process uses it, or it cannot be removed
   * @throws {MR_STORE_APPLICATION} (ConfigError) the state is another application's; nothing was removed
   */
  async cleanUp(): Promise<void> {
    this.#cycle.assertIn(['CREATED', 'NOT_RUNNING', 'ERROR'], 'clean up')
    const { stores, around, options } = this.#parts
    const engines = new TaskEngines(stores, around.logger, around.clock)
    try {
      await engines.removeAll({ cluster: null, application: options.applicationId })
    } finally {
      await engines.close()
    }
  }

  /** Suspends processing and punctuation; membership, fetching up to the buffers, and restore go on. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    for (const worker of this.#workers) worker.wake()
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** Starts one more worker. @returns its name @throws {MR_RUNTIME_STATE} */
  addWorker(): string {
    this.#cycle.assertIn(['REBALANCING', 'RUNNING'], 'add a worker')
    return this.#spawn(this.#context()).name
  }

  /** Stops one worker, which leaves the group. @returns its name, null when there is none left */
  async removeWorker(): Promise<string | null> {
    const worker = this.#workers.at(-1)
    if (worker === undefined) return null
    await worker.stop({ leaveGroup: true })
    return worker.name
  }

  metrics(): readonly Metric[] {
    const { applicationId, clientId } = this.#parts.options
    const { state } = this
    const app = { applicationId, clientId: clientId ?? applicationId, state, failedWorkers: this.#failedWorkers }
    return metricsOf(app, this.#workers)
  }

  async #open(): Promise<AppContext> {
    const parts = this.#parts
    const { options, around, transport, stateDirectory } = parts
    const engines = new TaskEngines(parts.stores, around.logger, around.clock)
    this.#engines = engines
    await loadCodecs(options.compressionType === 'none' ? [] : [options.compressionType])
    // Takes the directory's lock, before anything is written into it.
    await engines.offsetSums()
    const { applicationId } = options
    engines.useOwner({ cluster: null, application: applicationId })
    const kept =
      parts.processId !== undefined || stateDirectory === null
        ? new KeptProcess(parts.processId ?? newProcessId(around.random))
        : await KeptProcess.open(stateDirectory, around.random)
    this.#kept = kept
    const adminCluster = new Cluster(await transport.open('admin'), around, {
      requestTimeoutMs: options.requestTimeoutMs,
    })
    this.#adminCluster = adminCluster
    await reachCluster(adminCluster, {
      timeoutMs: options.requestTimeoutMs,
      brokers: parts.brokers ?? null,
      check: () => {
        if (this.#cycle.isEnding) throw new FatalError('MR_RUNTIME_CLOSED', { what: 'The application' })
      },
    })
    engines.useOwner({ cluster: adminCluster.metadata.clusterId, application: applicationId })
    await endLeftTransactions(adminCluster, kept, options)
    const app: AppContext = {
      topology: parts.topology,
      options,
      around,
      transport,
      adminCluster,
      engines,
      readBudget: new ReadBudget(options.statestoreReadCacheMaxBytes),
      processId: kept.processId,
      clientId: options.clientId ?? applicationId,
      serdes: parts.serdes,
      globalStore: (name) => this.#global?.view(name),
      workerCount: () => Math.max(1, this.#workers.length, options.workers),
      yieldTurn: async () => parts.yieldTurn(),
      isPaused: () => this.#paused,
    }
    if (parts.topology.globalStores.length > 0) {
      this.#global = new GlobalUpdater(app)
      await this.#global.start(await transport.open('global'))
      this.#global.follow((error) => void this.#fail(error))
    }
    if (engines.persistent) this.#scheduleCleaning(engines)
    this.#app = app
    return app
  }

  #spawn(app: AppContext): Worker {
    const index = this.#freeIndex()
    this.#rememberIndex(index)
    const worker = new Worker(app, index, () => this.#settle())
    this.#workers = [...this.#workers, worker].toSorted((a, b) => a.index - b.index)
    worker.run().then(
      () => this.#gone(worker),
      (error: unknown) => {
        this.#failedWorkers++
        this.#gone(worker)
        this.#onWorkerFailure(error as StreamsError)
      },
    )
    return worker
  }

  /**
   * The lowest number that no worker has. One that replaces another so takes its number, and with it the transactional id,
   * after that one has closed everything: what it left open is ended at once, now and at a restart.
   */
  #freeIndex(): number {
    const taken = new Set(this.#workers.map(({ index }) => index))
    let index = 0
    while (taken.has(index)) index++
    return index
  }

  #rememberIndex(index: number): void {
    const kept = this.#kept
    if (kept === null || index < kept.workers || this.#parts.options.processingGuarantee !== 'exactly-once') return
    kept.keepWorkers(index + 1).catch((error: unknown) => {
      this.#parts.around.logger.warn('the number of workers is not remembered', { reason: String(error) })
    })
  }

  #gone(worker: Worker): void {
    this.#workers = this.#workers.filter((other) => other !== worker)
    this.#settle()
  }

  #onWorkerFailure(error: StreamsError): void {
    const { onUncaughtError } = this.#parts.options
    this.#parts.around.logger.error('a worker stopped', { error })
    if (this.#cycle.isEnding) return
    if (error.code === 'MR_RUNTIME_SHUTDOWN_REQUESTED') {
      void this.#fail(error)
      return
    }
    let answer: UncaughtAnswer = 'shut-down'
    try {
      answer = typeof onUncaughtError === 'function' ? onUncaughtError(error) : onUncaughtError
    } catch (thrown) {
      this.#parts.around.logger.error('onUncaughtError failed', { error: thrown instanceof Error ? thrown : undefined })
    }
    switch (answer) {
      case 'replace-worker':
        this.#spawn(this.#context())
        return
      case 'shut-down-application':
        this.#failure ??= error
        // The message needs a member of the group; this process may have none left.
        ;(this.#workers[0] ?? this.#spawn(this.#context())).requestShutdown()
        return
      case 'shut-down':
        void this.#fail(error)
        return
      default:
        void this.#fail(error)
    }
  }

  #settle(): void {
    if (this.#cycle.isEnding || this.#cycle.state === 'CREATED') return
    const isRunning = this.#workers.length > 0 && this.#workers.every((worker) => worker.state === 'running')
    this.#cycle.to(isRunning ? 'RUNNING' : 'REBALANCING')
  }

  async #fail(error: unknown): Promise<void> {
    if (this.#cycle.isEnding) return
    const cause = error instanceof Error ? error : new Error(String(error))
    this.#failure ??=
      error instanceof StreamsError
        ? error
        : new FatalError('MR_RUNTIME_WORKER', { worker: 'of the application', reason: cause.message }, { cause })
    this.#cycle.to('PENDING_ERROR')
    await this.#closeAll({ leaveGroup: false, timeoutMs: failureCloseMs })
  }

  async #closeAll(options: StopOptions): Promise<void> {
    this.#closing ??= this.#closeOnce(options)
    await this.#closing
  }

  async #closeOnce(options: StopOptions): Promise<void> {
    const failures: unknown[] = []
    const step = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#cleaner?.cancel()
    const closeParts = async (): Promise<void> => {
      await step(async () => this.#global?.close())
      await step(async () => this.#engines?.close())
      await step(async () => this.#adminCluster?.close())
      await step(async () => this.#parts.transport.close())
    }
    await step(async () => Promise.all(this.#workers.map(async (worker) => worker.stop(options))))
    await closeParts()
    if (this.#opening !== null && this.#app === null) {
      // Closed while it starts: what is waited for fails now, and what was opened after all is closed as well.
      await this.#opening.catch(() => undefined)
      await closeParts()
      this.#cleaner?.cancel()
    }
    for (const error of failures) {
      this.#parts.around.logger.warn('closing was not clean', { error: error instanceof Error ? error : undefined })
    }
    this.#cycle.to(this.#cycle.state === 'PENDING_ERROR' ? 'ERROR' : 'NOT_RUNNING')
    this.#end()
  }

  #scheduleCleaning(engines: TaskEngines): void {
    const { around, options } = this.#parts
    const delayMs = options.stateCleanupDelayMs
    const run = (): void => {
      engines.clean(delayMs).catch((error: unknown) => {
        around.logger.debug('old state could not be removed', { reason: String(error) })
      })
      this.#cleaner = around.timers.after(Math.max(1_000, delayMs), run, true)
    }
    this.#cleaner = around.timers.after(Math.max(1_000, delayMs), run, true)
  }

  #context(): AppContext {
    if (this.#app === null) throw new FatalError('MR_RUNTIME_STATE', { what: 'do this', state: this.state })
    return this.#app
  }
}
