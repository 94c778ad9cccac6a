// Builds what is not built, quietly, then runs a built entry point in this process, so that signals reach it and its exit
// code is ours: node scripts/run.mjs ENTRY [ARGUMENT…]
import { spawnSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const [entry, ...rest] = process.argv.slice(2)
// only what the entry point needs: its project and what that refers to
const project = entry.includes('/dist/') ? [entry.slice(0, entry.indexOf('/dist/'))] : []
const build = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b', ...project], {
  cwd: root,
  stdio: ['ignore', 2, 2],
})
if (build.status !== 0) process.exit(build.status ?? 1)
process.argv = [process.execPath, root + entry, ...rest]
await import(pathToFileURL(root + entry).href)
