/** Starts the application program as a process of its own and listens to what it says. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ProgramEvent, ProgramPlan } from './plan.ts'

const entry = fileURLToPath(new URL('../../.cache/crash/application.js', import.meta.url))
/** The compiled harness lies beside the compiled program. */
const beside = fileURLToPath(new URL('application.js', import.meta.url))
const program = import.meta.url.includes('/.cache/') ? beside : entry

export class Program {
  readonly child: ChildProcess
  readonly events: ProgramEvent[] = []
  #errors = ''
  #exit: Promise<void>
  #isOver = false
  #wake: () => void = () => undefined

  constructor(plan: ProgramPlan) {
    this.child = spawn(process.execPath, [program, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'pipe'] })
    const lines = createInterface({ input: this.child.stdout! })
    lines.on('line', (line) => {
      this.events.push(JSON.parse(line) as ProgramEvent)
      this.#wake()
    })
    this.child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    this.#exit = once(this.child, 'close').then(() => {
      this.#isOver = true
      this.#wake()
    })
  }

  /** The last event of a kind, or null. */
  last<E extends ProgramEvent['event']>(event: E): Extract<ProgramEvent, { event: E }> | null {
    return (this.events.findLast((each) => each.event === event) as Extract<ProgramEvent, { event: E }>) ?? null
  }

  /** Waits for an event. @throws when the program ends before */
  async until<E extends ProgramEvent['event']>(event: E): Promise<Extract<ProgramEvent, { event: E }>> {
    for (;;) {
      const found = this.last(event)
      if (found !== null) return found
      if (this.#isOver) throw new Error(`the program ended before "${event}": ${this.complaint}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** What the program said of its end, and standard error. */
  get complaint(): string {
    return `${this.last('failed')?.message ?? ''} ${this.#errors.slice(-2_000)}`
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Sends a signal. */
  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#exit
  }

  /** Resolves when it has ended. @returns its exit code */
  async ended(): Promise<number | null> {
    await this.#exit
    return this.child.exitCode
  }
}
