// The workload program of the benchmark: node bench/run-workload.js --workload W3 --bootstrap HOST:PORT --app-id ID …
// Builds what is not built, then runs; see src/run-workload.ts.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}bench/dist/run-workload.js`)) {
  spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b', 'bench'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
}
await import('./dist/run-workload.js')
