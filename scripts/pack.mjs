// Packs every published package into DIR (default .cache/packages): node scripts/pack.mjs [DIR]
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = resolve(process.argv[2] ?? join(root, '.cache', 'packages'))
rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
for (const name of readdirSync(join(root, 'packages'))) {
  const args = ['pack', '--silent', '--pack-destination', target]
  const packed = spawnSync('npm', args, { cwd: join(root, 'packages', name), stdio: ['ignore', 'ignore', 'inherit'] })
  if (packed.status !== 0) process.exit(packed.status ?? 1)
}
console.log(target)
