// Builds, then packs every published package into DIR (default .cache/packages): node scripts/pack.mjs [DIR]
// What is there stays; only packages of these names, of whatever version, are replaced.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = resolve(process.argv[2] ?? join(root, '.cache', 'packages'))
const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))

function run(command, args, cwd) {
  const ended = spawnSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
  if (ended.status !== 0) process.exit(ended.status ?? 1)
}

run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...folders], root)
mkdirSync(target, { recursive: true })
for (const folder of folders) {
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  // npm's file name: @millrace/core 0.1.0 -> millrace-core-0.1.0.tgz
  const stem = name.replace('@', '').replace('/', '-')
  const isOld = (file) => file.startsWith(`${stem}-`) && /^\d+\.\d+\.\d+.*\.tgz$/.test(file.slice(stem.length + 1))
  for (const file of readdirSync(target).filter(isOld)) rmSync(join(target, file))
  run('npm', ['pack', '--silent', '--pack-destination', target], folder)
}
console.log(target)
