/** Starts `counting-process.mjs` and listens to it. It runs the built packages: build before. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface CountingOptions {
  readonly applicationId: string
  readonly stateDirectory: string
  readonly brokers: readonly string[]
  readonly app?: Readonly<Record<string, unknown>>
}

export interface Report {
  readonly state: string
  readonly tasks: readonly string[]
  readonly restored: number
}

interface Message {
  readonly state?: string
  readonly failure?: string
  readonly report?: Report
}

export class CountingProcess {
  readonly #child: ChildProcess
  readonly #messages: Message[] = []
  readonly ended: Promise<number | string>
  #listener: (() => void) | null = null

  constructor(options: CountingOptions) {
    const program = fileURLToPath(new URL('./counting-process.mjs', import.meta.url))
    this.#child = fork(program, [JSON.stringify(options)], { execArgv: [] })
    this.#child.on('message', (message) => {
      this.#messages.push(message as Message)
      this.#listener?.()
    })
    this.ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone'))
    })
  }

  /** The next message of a kind. @throws if the application fails, or the process ends before */
  async next<K extends keyof Message>(
    kind: K,
    matches: (value: NonNullable<Message[K]>) => boolean = () => true,
  ): Promise<NonNullable<Message[K]>> {
    for (;;) {
      while (this.#messages.length > 0) {
        const message = this.#messages.shift() as Message
        if (message.failure !== undefined) throw new Error(message.failure)
        const value = message[kind]
        if (value !== undefined && matches(value as NonNullable<Message[K]>)) return value as NonNullable<Message[K]>
      }
      const end = await Promise.race([
        new Promise<null>((resolve) => {
          this.#listener = () => resolve(null)
        }),
        this.ended,
      ])
      if (end !== null) throw new Error(`the process ended with ${end}`)
    }
  }

  async report(): Promise<Report> {
    this.#child.send('report')
    return this.next('report')
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async close(): Promise<number | string> {
    this.#child.send('close')
    return this.ended
  }
}
