/**
 * The state of the tasks at the end: what a machine with an empty disk restores from the changelogs must be, row for row,
 * what the machines have that were part of the run (faults.md I2); and no stored position may be ahead of its log (I3).
 */
import type { EngineEntry, StoreEngine } from '@millrace/core/port'
import { checkCommitRing } from '@millrace/core/internal'
import { readPosition } from '@millrace/runtime/internal'
import { committedLog } from './committed-log.ts'
import { lostBytesMax, type VirtualDisk } from './virtual-disk.ts'
import type { Program } from './virtual-machine.ts'
import type { World } from './world.ts'

/** Changelogs of the tasks of one sub-topology; topic names are real ones. */
export type ChangelogsOf = (task: string) => readonly string[]

/** Kind of the rows in which stores keep times: a restore knows less of them than the processing did. */
const timesKind = 0xff

/** What runs on the machines, and its changelogs. */
export interface StateToVerify {
  readonly program: Program
  readonly changelogsOf: ChangelogsOf
  /** Rows come of age: how much of the old ones is still there differs, so only rows that both have are compared. */
  readonly expires: boolean
  /** How long the brokers may take to compact, once nobody writes, before the state is restored. */
  readonly upkeepEndsMs: number
}

/** Ends all machines, restores everything on a new one, and compares. */
export async function verifyState(world: World, state: StateToVerify): Promise<string[]> {
  const { program, changelogsOf, expires, upkeepEndsMs } = state
  const { machines } = world
  for (const machine of machines) machine.retire()
  const ended = await world.run(() => machines.every(({ running }) => running === null), endMs)
  if (!ended) return ['the processes did not end when they were asked to']
  if (upkeepEndsMs > 0) await world.run(() => false, upkeepEndsMs)
  const verifier = world.machine('verifier', program)
  verifier.start()
  if (!(await world.run(() => verifier.isReady?.() === true, restoreMs))) {
    return ['a new machine did not restore the state in time']
  }
  await world.run(() => false, settleMs)
  return checkState(world, verifier.disk, { changelogsOf, expires })
}

const endMs = 60_000
const restoreMs = 120_000
/** For writes that are under way. */
const settleMs = 10

/** What is wrong; `restored` is the disk of the machine that began empty. */
export async function checkState(
  world: World,
  restored: VirtualDisk,
  { changelogsOf, expires }: Pick<StateToVerify, 'changelogsOf' | 'expires'>,
): Promise<string[]> {
  const found: string[] = []
  for (const { name: machine, disk } of world.machines) {
    if (disk === restored) continue
    for (const task of disk.names()) {
      const engine = disk.rows(task)
      const fresh = restored.rows(task)
      // Damage by a loss of power that nobody has opened since would be found then.
      if (engine === undefined || isDamaged(engine)) continue
      const where = `state of task ${task} on ${machine}`
      const { isCurrent, wrong } = await checkPositions(world, { engine, task, where }, changelogsOf(task))
      found.push(...wrong)
      if (!isCurrent || fresh === undefined) continue
      world.counts.states++
      found.push(...differences({ where, engine, fresh, expires }))
    }
  }
  return found
}

async function checkPositions(
  world: World,
  of: { readonly engine: StoreEngine; readonly task: string; readonly where: string },
  changelogs: readonly string[],
): Promise<{ isCurrent: boolean; wrong: string[] }> {
  const wrong: string[] = []
  let isCurrent = changelogs.length > 0
  const partition = Number(of.task.split('_')[1])
  for (const topic of changelogs) {
    const log = committedLog(world.cluster.state, topic, partition)
    const position = await readPosition(of.engine, topic, partition)
    if (log === undefined || position === null) {
      isCurrent &&= (log?.records.length ?? 0) === 0
      continue
    }
    if (position > log.endOffset)
      wrong.push(`${of.where}: position ${position} in ${topic}, which ends at ${log.endOffset}`)
    if ((log.records.at(-1)?.offset ?? -1) >= position) isCurrent = false
    // What came after it may have been compacted away since.
    if (log.compactedTo > position) isCurrent = false
  }
  return { isCurrent, wrong }
}

function differences(of: { where: string; engine: StoreEngine; fresh: StoreEngine; expires: boolean }): string[] {
  const { where, engine, fresh, expires } = of
  const have = rowsOf(engine)
  const want = rowsOf(fresh)
  const found: string[] = []
  for (const [key, value] of want) {
    if (expires && !have.has(key)) continue
    if (have.get(key) !== value) found.push(`${where}: row ${key} is ${have.get(key) ?? 'missing'}, restored ${value}`)
  }
  for (const key of expires ? [] : have.keys())
    if (!want.has(key)) found.push(`${where}: row ${key} is not in its changelog`)
  return found.slice(0, 3)
}

function isDamaged(engine: StoreEngine): boolean {
  return checkCommitRing((key) => engine.getSync(key), lostBytesMax).hole !== null
}

/** Rows of stores as hexadecimal texts; the task's own rows begin with 00 00. */
function rowsOf(engine: StoreEngine): Map<string, string> {
  const rows = new Map<string, string>()
  for (const { key, value } of engine.rangeSync({ gte: Uint8Array.of(0, 1) }) as Iterable<EngineEntry>) {
    if (key[2] !== timesKind) rows.set(Buffer.from(key).toString('hex'), Buffer.from(value).toString('hex'))
  }
  return rows
}
