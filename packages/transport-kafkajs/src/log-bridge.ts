/** kafkajs' log lines into Millrace's logger. Its errors reach the caller anyway, so its lines are only debug detail. */
import { logLevel, type logCreator } from 'kafkajs'
import type { Logger } from '@millrace/core/port'

/** Log options for a kafkajs client that Millrace makes itself. */
export function logBridge(logger: Logger): { readonly logLevel: logLevel; readonly logCreator: logCreator } {
  return {
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      const { message, broker } = entry.log as { message: string; broker?: string }
      logger.debug(`kafkajs ${entry.namespace}: ${message}`, { broker })
    },
  }
}
