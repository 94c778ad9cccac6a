// Builds what is not built, quietly, then runs a built entry point: node scripts/run.mjs ENTRY [ARGUMENT…]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [entry, ...rest] = process.argv.slice(2)
const build = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
})
if (build.status !== 0) process.exit(build.status ?? 1)
const run = spawnSync(process.execPath, [root + entry, ...rest], { cwd: process.cwd(), stdio: 'inherit' })
process.exit(run.status ?? 1)
