/** Runs one of the small Java programs beside this file with the client of Kafka's own jars, compiled as it starts. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '@millrace/testing/internal'

/**
 * Runs `java/<name>.java` to its end.
 *
 * @param version of the jars
 * @returns lines of its standard output
 * @throws Error with its standard error when it fails
 */
export async function runJava(version: string, name: string, args: readonly string[]): Promise<string[]> {
  const { classpath } = kafkaJars(version)
  const source = fileURLToPath(new URL(`java/${name}.java`, import.meta.url))
  const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
  const child = spawn('java', [...quiet, '-cp', classpath, source, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  await once(child, 'close')
  if (child.exitCode !== 0) throw new Error(`java ${name} ended with ${child.exitCode}: ${errors.slice(-2_000)}`)
  return output.split('\n').filter((line) => line !== '')
}
