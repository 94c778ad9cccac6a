/**
 * Keeps the cores of a virtual machine from falling asleep while something is measured: a loop of the lowest scheduling
 * class on each, which runs only when nobody else wants to. A core that sleeps and wakes up pays with cold caches, and a
 * program that waits often (for commits) pays more of it, whatever it does itself.
 */
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'

/** A loop ends with this process, however that ends. */
const loopText = 'while kill -0 "$0"; do :; done'

export function keepAwake(): Disposable {
  const parent = String(process.pid)
  const loops = Array.from({ length: availableParallelism() }, (_, core) =>
    spawn('chrt', ['--idle', '0', 'taskset', '-c', String(core), 'sh', '-c', loopText, parent], { stdio: 'ignore' }),
  )
  for (const loop of loops) {
    loop.once('error', (error) => {
      console.error(`--awake needs chrt and taskset of util-linux: ${error.message}`)
      process.exit(1)
    })
  }
  return { [Symbol.dispose]: () => loops.forEach((loop) => void loop.kill('SIGKILL')) }
}
