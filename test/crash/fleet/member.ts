/** A process of the fleet as its killer sees it. What it says on standard error goes to a file. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ArmedPoint } from './kill-points.ts'
import type { Dump, MemberCommand, MemberEvent, MemberPlan } from './member-plan.ts'

/** The compiled program: beside this file when this is compiled too, else where the build puts it. */
const beside = fileURLToPath(new URL('application.js', import.meta.url))
const program = existsSync(beside)
  ? beside
  : fileURLToPath(new URL('../../../.cache/crash/fleet/application.js', import.meta.url))

const alive = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

export class Member {
  readonly plan: MemberPlan
  state = 'STARTING'
  isStopped = false
  /** Changelog records read until RUNNING for the first time; null before. */
  restored: number | null = null
  /** The point it died or fell asleep at. */
  reached: string | null = null
  failure: string | null = null
  readonly #child: ChildProcess
  readonly #dumps = new Map<number, (dump: Dump | null) => void>()
  #dumpCount = 0
  #isOver = false
  #isAwaited = false
  readonly #over: Promise<void>

  constructor(plan: MemberPlan, logDirectory: string, life: number) {
    this.plan = plan
    mkdirSync(logDirectory, { recursive: true })
    const errors = openSync(join(logDirectory, `life-${life}.log`), 'a')
    const child = fork(program, [JSON.stringify(plan)], { execArgv: [], stdio: ['ignore', 'pipe', errors, 'ipc'] })
    closeSync(errors)
    this.#child = child
    alive.add(child)
    createInterface({ input: child.stdout! }).on('line', (line) => this.#heard(JSON.parse(line) as MemberEvent))
    child.on('error', () => undefined)
    this.#over = once(child, 'exit').then(() => {
      alive.delete(child)
      this.#isOver = true
      this.state = 'OVER'
      for (const answer of this.#dumps.values()) answer(null)
      this.#dumps.clear()
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Its exit code, or the signal that ended it. */
  get exit(): number | string | null {
    return this.#child.exitCode ?? this.#child.signalCode
  }

  arm(point: ArmedPoint): void {
    this.#isAwaited = true
    this.#send({ arm: point })
  }

  stop(): void {
    this.isStopped = true
    this.#child.kill('SIGSTOP')
  }

  /** Wakes it up, also if it falls asleep only now at a point that was armed before. */
  proceed(): void {
    this.isStopped = false
    this.#isAwaited = false
    this.reached = null
    this.#child.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#over
  }

  /** Closes it cleanly. @returns its exit code */
  async close(how: 'stay' | 'leave'): Promise<number | string | null> {
    this.#send({ close: how })
    await this.#over
    return this.exit
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    await this.#over
  }

  /** The contents of its stores; null when it is not running. */
  async dump(): Promise<Dump | null> {
    if (this.#isOver) return null
    const id = ++this.#dumpCount
    return new Promise((resolve) => {
      this.#dumps.set(id, resolve)
      this.#send({ dump: id })
    })
  }

  #send(command: MemberCommand): void {
    if (this.#isOver || !this.#child.connected) return
    this.#child.send(command, () => undefined)
  }

  #heard(event: MemberEvent): void {
    switch (event.event) {
      case 'state':
        if (!this.#isOver) this.state = event.state
        if (event.isFirst) this.restored = event.restored
        break
      case 'reached':
        this.reached = event.point
        // Nobody waits for it any more: after the moment that it takes to fall asleep it goes on.
        if (!this.#isAwaited) setTimeout(() => this.proceed(), 500)
        break
      case 'failed':
        this.failure = `${event.code}: ${event.message}`
        break
      case 'unready':
        this.#answer(event.id, null)
        break
      case 'dump':
        this.#answer(event.id, event)
    }
  }

  #answer(id: number, dump: Dump | null): void {
    this.#dumps.get(id)?.(dump)
    this.#dumps.delete(id)
  }
}
