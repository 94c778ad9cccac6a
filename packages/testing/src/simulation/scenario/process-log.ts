/** The log of a virtual process: lines go into the trace, if that is kept, and warnings to the checker. */
import { type Logger, silentLogger } from '@millrace/core/port'
import type { VirtualProcess } from '../virtual-process.ts'
import type { World } from '../world.ts'

/** @param onWarning takes a warning with its fields as one text */
export function processLog(world: World, process: VirtualProcess, onWarning: (text: string) => void): Logger {
  const { lines } = world.trace
  const textOf = (text: string, fields: object = {}): string =>
    [text, ...Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)].join(' ')
  const line =
    (level: string) =>
    (text: string, fields?: object): void => {
      lines?.push(`${world.time.nowMs.toFixed(3)} ${process.name} ${level}: ${textOf(text, fields)}`)
    }
  return {
    ...(lines === null ? silentLogger : { debug: line('debug'), info: line('info'), error: line('error') }),
    warn: (text, fields) => {
      line('warn')(text, fields)
      onWarning(textOf(text, fields))
    },
  }
}
