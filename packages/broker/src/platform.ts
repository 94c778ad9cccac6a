/** The broker's default surroundings: Node's clock, timers and randomness, and "later" as Node's next turn. */
export { nodeClock, nodeRandom, nodeTimers } from '@millrace/protocol/internal'

/** After I/O, so that a busy in-process client never starves timers and sockets. */
export function nodeDefer(run: () => void): void {
  setImmediate(run)
}
