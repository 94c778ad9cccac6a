/** Scenario: a topology on the real runtime. Each life of a process is one `StreamsRuntime` on virtual parts. */
import { type Serde, string, type Topology } from '@millrace/core'
import { resolveOptions, StreamsRuntime } from '@millrace/runtime/internal'
import { checkGenerations, checkTransactions, isCaughtUp } from '../invariants.ts'
import { Observer } from '../observer.ts'
import type { Plan } from '../plan.ts'
import type { Running, Scenario } from '../scenario.ts'
import { verifyState } from '../state-check.ts'
import { type MakeRecord, Upstream } from '../upstream.ts'
import type { VirtualMachine } from '../virtual-machine.ts'
import { virtualTransport } from '../virtual-network.ts'
import type { VirtualProcess } from '../virtual-process.ts'
import { upkeepEndsMs } from '../upkeep.ts'
import type { Instance } from '../witness.ts'
import type { World } from '../world.ts'
import { processLog } from './process-log.ts'

export const applicationId = 'app'

/** A topology to simulate, and the rules of its results. */
export interface Application {
  readonly name: string
  /** Topics that are written to before it, and read after it. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** @param instance for the witnesses of its outputs */
  readonly build: (instance: Instance) => Topology
  make(plan: Plan): MakeRecord
  /** True when it has come to its end by itself, if that takes more than reading all input. */
  isDone?(world: World, plan: Plan): boolean
  /** Of internal topics and stores that have none; default texts. */
  readonly serdes?: { readonly key: Serde<unknown>; readonly value: Serde<unknown> }
  /** True when its stores drop rows that are too old. */
  readonly expires?: boolean
  /** What the results break. */
  check(world: World, plan: Plan): string[]
}

const serdesDefault = { key: string() as Serde<unknown>, value: string() as Serde<unknown> }

/** The scenario of an application. */
export function applicationScenario(application: Application): Scenario {
  return {
    name: application.name,
    set(world, plan) {
      const { topics } = world.cluster.state
      const expelled: string[] = []
      for (const name of [...application.inputs, ...application.outputs]) {
        topics.create({ name, partitions: plan.partitions, replicationFactor: 1, config: new Map() })
      }
      for (let i = 0; i < plan.machines; i++) {
        world.machine(`m${i}`, async (machine, process) =>
          runApplication(world, plan, {
            application,
            machine,
            process,
            onWarning: (text) => {
              const isHeard = world.time.nowMs - process.resumedMs > plan.sessionTimeoutMs
              if (mayNotBeExpelled(plan) && isHeard && text.includes('UNKNOWN_MEMBER_ID')) {
                expelled.push(`${process.name} was expelled from the group although it was alive: ${text}`)
              }
            },
          }),
        )
      }
      const upstream = new Upstream(world, plan, application.make(plan))
      const observer = plan.guarantee === 'exactly-once' ? new Observer(world, plan, application.outputs) : null
      const layout = layoutOf(application)
      return {
        isDone: () =>
          endedUnasked(world, plan).length > endsMax ||
          (upstream.isDone &&
            isCaughtUp(world, applicationId, layout.reads) &&
            application.isDone?.(world, plan) !== false),
        check: () => [
          ...checkTransactions(world),
          ...checkGenerations(world),
          ...endedUnasked(world, plan),
          ...expelled,
          ...(observer?.check() ?? []),
          ...application.check(world, plan),
        ],
        verify: async () => {
          if (layout.changelogs.size === 0 || endedUnasked(world, plan).length > endsMax) return []
          // A process that was stopped, or lost the group, may write old state late; only transactions keep it out.
          if (plan.guarantee === 'at-least-once' && !plan.faults.every(({ kind }) => killKinds.has(kind))) return []
          return verifyState(world, {
            program: async (machine, process) =>
              runApplication(world, plan, { application, machine, process, onWarning: () => undefined }),
            expires: application.expires === true,
            upkeepEndsMs: upkeepEndsMs(plan.upkeep),
            changelogsOf: (task) => layout.changelogs.get(Number(task.split('_')[0])) ?? [],
          })
        },
      } satisfies Running
    },
  }
}

/** What an application reads in groups, and the changelogs of the tasks of each of its parts; by real names of topics. */
function layoutOf({ build, serdes = serdesDefault }: Application): {
  readonly reads: readonly string[]
  readonly changelogs: ReadonlyMap<number, readonly string[]>
} {
  const built = build({ name: 'layout', generation: () => -1 }).build({ serdes })
  const reads = new Set<string>()
  const changelogs = new Map<number, readonly string[]>()
  for (const { id, sourceTopics, stores } of built.subTopologies) {
    for (const topic of sourceTopics) reads.add(built.topicName(topic, applicationId))
    // Stores in memory have no position, and no rows on a disk.
    const logged = built.stores.filter(({ definition: { name, type } }) => stores.includes(name) && type !== 'memory')
    const topics = logged.flatMap(({ changelogTopic }) => changelogTopic ?? [])
    if (topics.length > 0)
      changelogs.set(
        id,
        topics.map((topic) => built.topicName(topic, applicationId)),
      )
  }
  return { reads: [...reads], changelogs }
}

async function runApplication(
  world: World,
  plan: Plan,
  life: {
    readonly application: Application
    readonly machine: VirtualMachine
    readonly process: VirtualProcess
    /** A line of the log that warns, as one text. */
    onWarning(text: string): void
  },
): Promise<void> {
  const { application, machine, process } = life
  const { serdes = serdesDefault } = application
  const logger = processLog(world, process, (text) => life.onWarning(text))
  const around = { clock: process.clock, timers: process.timers, random: process.random, logger }
  const { upkeep = null } = plan
  const options = resolveOptions({
    applicationId,
    processingGuarantee: plan.guarantee,
    commitInterval: plan.commitIntervalMs,
    transactionTimeout: Math.max(plan.transactionTimeoutMs, plan.commitIntervalMs, carriedMs(plan)),
    sessionTimeout: plan.sessionTimeoutMs,
    heartbeatInterval: plan.sessionTimeoutMs / 4,
    statestoreCacheMaxBytes: plan.cacheBytes,
    // Little, so that rows are forgotten and read again from the engine.
    statestoreReadCacheMaxBytes: 8_000,
    numStandbyReplicas: plan.standbys,
    probingRebalanceInterval: 60_000,
    repartitionPurgeInterval: plan.purgeIntervalMs,
    fetchMaxWait: 250,
    maxPartitionFetchBytes: plan.fetchBytes,
    requestTimeout: 2000,
    linger: 5,
    ...(upkeep === null ? {} : { topicConfig: { 'segment.bytes': String(upkeep.segmentBytes) } }),
  })
  const { name } = process
  const instance = { name, generation: () => world.generations.of(name) }
  const runtime = new StreamsRuntime({
    topology: application.build(instance).build({ serdes }),
    options,
    around,
    transport: world.generations.overhear(name, virtualTransport(process, world)),
    serdes,
    stateDirectory: null,
    processId: processIdOf(machine),
    stores: machine.disk.stores(process),
    yieldTurn: async () => process.timers.sleep(0),
  })
  let isClosing = false
  machine.close = (leaveGroup) => {
    isClosing = true
    void runtime.close({ leaveGroup })
  }
  machine.isReady = () =>
    runtime.state === 'RUNNING' && runtime.queries.localTasks().some(({ active }) => active.length > 0)
  try {
    await runtime.start()
    await runtime.ended()
  } catch (error) {
    // Closed before it had started.
    if (!isClosing || (error as { code?: unknown }).code !== 'MR_RUNTIME_CLOSED') throw error
  }
}

/** Kept on the disk of the machine, as the runtime keeps it in the state directory. */
function processIdOf({ disk, name }: VirtualMachine): string {
  const kept = disk.notes.get('process')
  if (kept !== undefined) return kept
  const made = `00000000-0000-4000-8000-${name.replace(/\D/g, '').padStart(11, '0')}${disk.generation % 10}`
  disk.notes.set('process', made)
  return made
}

/**
 * No error ends an application: the simulation has none that it could not ride out. Only a start gives up, as it says, when
 * no broker answers, and whoever finds the disk full says so and ends.
 */
function endedUnasked(world: World, plan: Plan): string[] {
  const allowed = new Set<unknown>(['MR_RUNTIME_UNREACHABLE'])
  if (plan.faults.some(({ kind }) => kind === 'disk-full')) allowed.add('MR_STORE_DISK_FULL')
  return world.machines.flatMap(({ name, ended }) =>
    ended
      .filter(({ error }) => error !== undefined && !allowed.has((error as { code?: unknown }).code))
      .map(({ life, atMs, error }) => `${name}/${life} ended unasked at ${atMs.toFixed(0)} ms: ${String(error)}`),
  )
}

/** Lives that ended unasked: after more of them nothing else is to be learned from a run. */
const endsMax = 3

/**
 * A transaction may take so many delays of the network, more where small segments split its batches. Processing takes no
 * virtual time, so that all input that is there becomes one transaction, which an interval of commits would have cut into many.
 */
function carriedMs({ networkDelayMs, upkeep }: Plan): number {
  const isSplit = upkeep != null && upkeep.segmentBytes < 1_000
  return (isSplit ? 480 : 120) * networkDelayMs
}

const killKinds: ReadonlySet<string> = new Set(['kill', 'kill-at', 'kill-in', 'power', 'disk-lost', 'clock'])
/** Faults of processes and their disks only: who is not stopped is heard. */
const silentKinds: ReadonlySet<string> = new Set([...killKinds, 'stop', 'stop-in'])

function mayNotBeExpelled(plan: Plan): boolean {
  return plan.faults.every(({ kind }) => silentKinds.has(kind))
}
