/**
 * A machine: a disk, and the program that runs on it, one life of a process after the other. What a supervisor does on a
 * real machine (start again what has ended) is done here.
 */
import { SeededRandom } from './seeded-random.ts'
import { VirtualDisk } from './virtual-disk.ts'
import { VirtualProcess } from './virtual-process.ts'
import type { World } from './world.ts'

/** How a life ended. */
export interface Ended {
  readonly life: number
  readonly atMs: number
  /** What the program rejected with; undefined when it returned. */
  readonly error: unknown
}

/** What runs on a machine: resolves or rejects when the program ends by itself. */
export type Program = (machine: VirtualMachine, process: VirtualProcess) => Promise<void>

export class VirtualMachine {
  readonly name: string
  readonly disk: VirtualDisk
  /** Yield points passed, over all lives. */
  yields = 0
  lives = 0
  /** Set by the program: true when it has everything it is to have, and works. */
  isReady: (() => boolean) | null = null
  /** Set by the program: ends it cleanly. */
  close: ((leaveGroup: boolean) => void) | null = null
  /** Lives that ended by themselves. */
  readonly ended: Ended[] = []
  private readonly world: World
  private readonly program: Program
  private readonly random: SeededRandom
  private process: VirtualProcess | null = null
  private clockJumpMs = 0
  private isRetired = false
  private readonly strikeAt = new Map<number, () => void>()
  private readonly strikes: { readonly step: string; left: number; readonly strike: () => void }[] = []

  constructor(name: string, world: World, program: Program) {
    this.name = name
    this.world = world
    this.program = program
    this.random = new SeededRandom(world.seed, name)
    this.disk = new VirtualDisk({ time: world.time, random: this.random })
  }

  /** The present life, null while the machine is down. */
  get running(): VirtualProcess | null {
    return this.process
  }

  /** Strikes at the n-th yield point, counted over all lives. */
  strikeAtYield(yieldPoint: number, strike: () => void): void {
    this.strikeAt.set(yieldPoint, strike)
  }

  /** Strikes when the process does a step for the n-th time, counted over all lives. */
  strikeIn({ step, nth }: { readonly step: string; readonly nth: number }, strike: () => void): void {
    this.strikes.push({ step, left: nth, strike })
  }

  /** Ends the process cleanly, and starts no other. */
  retire(): void {
    this.isRetired = true
    this.restart(true)
  }

  /** Nothing strikes at a yield point any more. */
  forgetStrikes(): void {
    this.strikeAt.clear()
    this.strikes.length = 0
  }

  /** Starts a life, unless one is running. */
  start(): void {
    if (this.process !== null || this.isRetired) return
    const { time, trace, random: worldRandom } = this.world
    const life = ++this.lives
    const random = new SeededRandom(worldRandom.between(0, 0x7fffffff), this.name)
    const process = new VirtualProcess(`${this.name}/${life}`, { time, random }, (one, label) =>
      this.observe(one, label),
    )
    process.clockJumpMs = this.clockJumpMs
    this.process = process
    this.close = null
    trace.note(time.nowMs, process.name, 'starts')
    this.program(this, process).then(
      () => this.hasEnded(process, undefined),
      (error: unknown) => this.hasEnded(process, error),
    )
  }

  /** SIGKILL, and a start `downMs` later; the machine may lose power too, or its disk. */
  kill(downMs: number, loses: 'process' | 'power' | 'disk' = 'process'): void {
    const { process } = this
    if (process === null) return
    this.world.counts.kills++
    if (loses === 'power') this.world.counts.powerLosses++
    if (loses === 'disk') this.world.counts.diskLosses++
    this.world.trace.note(this.world.time.nowMs, process.name, `is killed, loses ${loses}`)
    process.kill()
    this.process = null
    if (loses === 'disk') this.disk.lost()
    const restart = loses === 'power' ? this.disk.machineCrashed() : this.disk.processCrashed()
    void restart.then(() => this.world.time.after(downMs, () => this.start()))
  }

  /** SIGTERM: the program ends by itself, cleanly, and is started again. */
  restart(leaveGroup: boolean): void {
    const { process } = this
    if (process !== null) this.world.time.after(0, () => process.enter(() => this.close?.(leaveGroup)))
  }

  /** The wall clock of the machine jumps. */
  jumpClock(jumpMs: number): void {
    this.clockJumpMs += jumpMs
    if (this.process !== null) this.process.clockJumpMs = this.clockJumpMs
  }

  /** SIGSTOP for `forMs`. */
  suspend(forMs: number): void {
    const { process } = this
    if (process === null || process.isSuspended) return
    this.world.counts.stops++
    this.world.trace.note(this.world.time.nowMs, process.name, `is stopped for ${Math.round(forMs)} ms`)
    process.suspend()
    this.world.time.after(forMs, () => {
      this.world.trace.note(this.world.time.nowMs, process.name, 'continues')
      process.resume()
    })
  }

  private observe(process: VirtualProcess, label: string): void {
    this.yields++
    this.world.trace.note(this.world.time.nowMs, process.name, label)
    this.strikeAt.get(this.yields)?.()
    for (const one of this.strikes) if (label === one.step && --one.left === 0) one.strike()
  }

  private hasEnded(process: VirtualProcess, error: unknown): void {
    if (!process.isAlive) return
    const { time, trace } = this.world
    const what = error instanceof Error ? `${error.name} ${error.message}` : 'nothing'
    trace.note(time.nowMs, process.name, `ends with ${what}`)
    this.ended.push({ life: this.lives, atMs: time.nowMs, error })
    process.kill()
    this.process = null
    time.after(supervisorMs, () => this.start())
  }
}

/** A supervisor starts what has ended by itself after this. */
const supervisorMs = 200
