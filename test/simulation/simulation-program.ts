/** Runs the command line of the simulation as a program of its own. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../packages/testing/dist/simulation/main.js', import.meta.url))

/** @returns the last line that it prints, and the end of its output for the text of a failure */
export async function simulation(...args: readonly string[]): Promise<{ last: string; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 }, (_, stdout, stderr) => {
      const output = (stdout + stderr).trim()
      resolve({ last: stdout.trim().split('\n').at(-1) ?? '', output: output.slice(-4_000) })
    })
  })
}
