/**
 * What the programs of the command line have in common: arguments are read and checked before anything runs, wrong ones end
 * with what is accepted and exit code 2, and no case at all is no success.
 */
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ConfigError } from '@millrace/core'

/** A program: reads its arguments, then does its work. */
export interface CommandLine<A> {
  /** Printed below the text of a wrong argument. */
  readonly usage: string
  /** Must throw a ConfigError, or what `parseArgs` throws, for arguments that are not accepted. */
  read(this: void): A
  /** @returns the exit code */
  run(this: void, given: A): Promise<number> | number
}

/** Runs a program and sets the exit code of this process: 2 for wrong arguments, else what the program returns. */
export async function runCommandLine<A>({ usage, read, run }: CommandLine<A>): Promise<void> {
  let given: A
  try {
    given = read()
  } catch (error) {
    if (!isWrongUse(error)) throw error
    process.stderr.write(`${error.message}\n\n${usage}\n`)
    process.exitCode = 2
    return
  }
  process.exitCode = await run(given)
}

/** Runs a program that takes no arguments, and refuses any. */
export async function withoutArguments(name: string, run: () => Promise<void>): Promise<void> {
  const read = (): void => void parseArgs({ options: {} })
  const all = async (): Promise<number> => {
    await run()
    return Number(process.exitCode ?? 0)
  }
  await runCommandLine({ usage: `usage: ${name} (it takes no arguments)`, read, run: all })
}

function isWrongUse(error: unknown): error is Error {
  if (error instanceof ConfigError) return true
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}

/** Exit code for so many cases: 0 only when there were some and none failed. Says on standard error when there were none. */
export function exitCodeOf(passed: number, failed: number): number {
  if (passed + failed > 0) return failed > 0 ? 1 : 0
  process.stderr.write('Nothing was run, which is no success.\n')
  return 1
}

/** @throws {MR_CONFIG_INVALID} (ConfigError) a path at which nothing is */
export function existingPath(option: string, path: string): string {
  if (existsSync(path)) return path
  const accepted = 'the path of a file or folder that exists'
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(path), accepted })
}

/** @throws {MR_CONFIG_MISSING} {MR_CONFIG_INVALID} (ConfigError) no path at all; one at which nothing is */
export function existingPaths(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) {
    throw new ConfigError('MR_CONFIG_MISSING', { option: 'PATH', accepted: 'at least one file or folder' })
  }
  return paths.map((path) => existingPath('PATH', path))
}

/**
 * JSON as an argument, or in a file as `@FILE`.
 *
 * @throws {MR_CONFIG_INVALID} (ConfigError) no JSON, or not an object
 */
export function jsonObject(option: string, text: string): Readonly<Record<string, unknown>> {
  const json = text.startsWith('@') ? readFileSync(existingPath(option, text.slice(1)), 'utf8') : text
  try {
    const read: unknown = JSON.parse(json)
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>
  } catch {
    // told below, with what is accepted
  }
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(text), accepted: 'an object in JSON' })
}
