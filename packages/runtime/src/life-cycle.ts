/**
 * States of an application and the steps between them: Kafka Streams' own, so that a state listener can be carried over.
 *
 * `REBALANCING` covers restoring too. A step that is not in the table is a defect and stops the application, except that
 * whatever comes after the end is ignored.
 */
import { FatalError } from '@millrace/core'

/** Where an application stands. */
export type AppState =
  | 'CREATED'
  | 'REBALANCING'
  | 'RUNNING'
  | 'PENDING_SHUTDOWN'
  | 'NOT_RUNNING'
  | 'PENDING_ERROR'
  | 'ERROR'

/** Called after each change, with the new and the old state. */
export type StateListener = (state: AppState, before: AppState) => void

/** From → to. */
export const lifeCycleSteps: Readonly<Record<AppState, readonly AppState[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING'],
  NOT_RUNNING: [],
  PENDING_ERROR: ['ERROR'],
  ERROR: [],
}

export class LifeCycle {
  #state: AppState = 'CREATED'
  readonly #listeners = new Set<StateListener>()
  readonly #onListenerError: (error: unknown) => void

  /** @param onListenerError told of a listener that throws: its error must not stop the application */
  constructor(onListenerError: (error: unknown) => void = () => undefined) {
    this.#onListenerError = onListenerError
  }

  get state(): AppState {
    return this.#state
  }

  /** True from the first step towards the end. */
  get isEnding(): boolean {
    return !['CREATED', 'REBALANCING', 'RUNNING'].includes(this.#state)
  }

  /** True when it was closed, as against ended by an error. */
  get isClosing(): boolean {
    return this.#state === 'PENDING_SHUTDOWN' || this.#state === 'NOT_RUNNING'
  }

  /** @returns a function that removes the listener */
  listen(listener: StateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Steps to a state; staying is no step.
   *
   * @returns false when the application is ending or at its end and the step is not part of that
   * @throws {MR_RUNTIME_STATE} a step that is not in the table
   */
  to(state: AppState): boolean {
    const before = this.#state
    if (state === before) return true
    if (!lifeCycleSteps[before].includes(state)) {
      if (this.isEnding) return false
      throw new FatalError('MR_RUNTIME_STATE', { what: `step to ${state}`, state: before })
    }
    this.#state = state
    for (const listener of this.#listeners) {
      try {
        listener(state, before)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
    return true
  }

  /** @throws {MR_RUNTIME_STATE} if the state is none of these */
  assertIn(states: readonly AppState[], what: string): void {
    if (!states.includes(this.#state)) throw new FatalError('MR_RUNTIME_STATE', { what, state: this.#state })
  }
}
