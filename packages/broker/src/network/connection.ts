/**
 * One connection to one node, whatever carries its bytes: requests are handled one after the other, and answered in
 * order. The next one waits until the one before has been answered, as in Kafka.
 */
import { dispatch, type Outcome } from '../api/router.ts'
import type { BrokerState } from '../broker-state.ts'
import type { Session } from './session.ts'

/** A request and where its outcome goes. */
export interface Submitted {
  readonly apiKey: number
  readonly version: number
  readonly clientId: string
  readonly bytes: Uint8Array
  readonly done: (outcome: Outcome) => void
}

export class Connection {
  readonly #state: BrokerState
  readonly #nodeId: number
  readonly #session: Session
  readonly #waiting: Submitted[] = []
  #busy: boolean = false
  #closed: boolean = false

  constructor(state: BrokerState, from: { nodeId: number; session: Session }) {
    this.#state = state
    this.#nodeId = from.nodeId
    this.#session = from.session
  }

  /** Takes a request; `done` is called later, never before this returns. */
  submit(request: Submitted): void {
    this.#waiting.push(request)
    if (!this.#busy) this.#schedule()
  }

  /** Forgets what waits; nothing is answered any more. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
  }

  #schedule(): void {
    this.#busy = true
    this.#state.surroundings.defer(() => this.#run())
  }

  #run(): void {
    const request = this.#waiting.shift()
    if (this.#closed || request === undefined) {
      this.#busy = false
      return
    }
    const { apiKey, version, clientId, bytes } = request
    const outcome = dispatch(this.#state, {
      apiKey,
      version,
      clientId,
      bytes,
      nodeId: this.#nodeId,
      session: this.#session,
    })
    if (outcome instanceof Promise) void outcome.then((later) => this.#finish(request, later))
    else this.#finish(request, outcome)
  }

  #finish(request: Submitted, outcome: Outcome): void {
    if (this.#closed) return
    request.done(outcome)
    if (this.#waiting.length > 0) this.#schedule()
    else this.#busy = false
  }
}
