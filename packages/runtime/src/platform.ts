/** What the runtime takes from Node beside clock, timers and randomness: turns of the event loop, and a log. */
import type { LogFields, Logger } from '@millrace/core/port'
export { nodeClock, nodeRandom, nodeTimers } from '@millrace/protocol/internal'

/** Lets sockets and timers have their turn; resolves after them. */
export async function nodeYield(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve)
  })
}

/** Warnings and errors to standard error, one line each; the rest is dropped. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (text, fields) => write('warn', text, fields),
  error: (text, fields) => write('error', text, fields),
}

function write(level: string, text: string, fields?: LogFields): void {
  const details = Object.entries(fields ?? {}).map(
    ([name, value]) => `${name}=${value instanceof Error ? (value.stack ?? value.message) : String(value)}`,
  )
  process.stderr.write(`${new Date().toISOString()} ${level} millrace: ${[text, ...details].join(' ')}\n`)
}
