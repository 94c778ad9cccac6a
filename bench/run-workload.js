// The workload program of the benchmark: node bench/run-workload.js --workload W3 --bootstrap HOST:PORT --app-id ID …
// Builds what is not built, then runs; see src/run-workload.ts.

import { setFlagsFromString } from 'node:v8'

// The collector waits until the heap and the buffers beside it are four times what was live, where it would collect after
// 8 MB more: as users are told to start Node (docs/guide/application.md, "Garbage collector").
setFlagsFromString('--heap-growing-percent=300')

// First of all, before anything is loaded: the signal may come at any time, and must not end the program without `final`.
let isTold = false
const note = () => {
  isTold = true
}
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, note)

const { existsSync } = await import('node:fs')
const { fileURLToPath } = await import('node:url')
const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}bench/dist/run-workload.js`)) {
  const { spawn } = await import('node:child_process')
  const build = spawn(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b', 'bench'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  await new Promise((resolve) => build.once('exit', resolve))
}
const { runWorkload } = await import('./dist/run-workload.js')
await runWorkload(process.argv.slice(2), isTold)
