/**
 * The programs of docs/guide, compiled and run: each `ts` fence is a whole program, and the `text` fence behind it is what
 * it prints, one JSON value per `console.log`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, it, vi } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const guide = join(root, 'docs', 'guide')
const target = join(import.meta.dirname, '.programs')

const pages = readdirSync(guide)
  .filter((name) => name.endsWith('.md'))
  .map((name) => {
    const text = readFileSync(join(guide, name), 'utf8')
    const fence = (language: string): string | undefined =>
      new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
    return { name: name.replace('.md', ''), program: fence('ts'), prints: fence('text') }
  })

beforeAll(() => {
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  for (const { name, program } of pages) writeFileSync(join(target, `${name}.ts`), `${program ?? ''}\nexport {}\n`)
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(target, 'tsconfig.json'), JSON.stringify(config))
})

it('compiles every program of the guide', () => {
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', target], {
    encoding: 'utf8',
  })
  expect(tsc.stdout).toBe('')
  expect(tsc.status).toBe(0)
})

it.each(pages)('$name prints what its page says', async ({ name, prints }) => {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((value: unknown) => void lines.push(JSON.stringify(value)))
  try {
    await import(join(target, `${name}.ts`))
  } finally {
    log.mockRestore()
  }
  expect(`${lines.join('\n')}\n`).toBe(prints)
})
