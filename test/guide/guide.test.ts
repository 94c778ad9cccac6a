/**
 * The programs of docs/guide and of docs/simulation.md, compiled and run: each `ts` fence is a whole program, and the
 * `text` fence behind it is what it prints, one JSON value per `console.log` (several arguments: one after the other). All pages are in the index, and
 * all links lead somewhere; the page for Java programmers knows every public method of the DSL.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  CogroupedKStream,
  KGroupedStream,
  KGroupedTable,
  KStream,
  KTable,
  StreamsApp,
  StreamsBuilder,
  Topology,
} from 'millrace'
import { beforeAll, expect, it, vi } from 'vitest'
import { compilePrograms, writePrograms } from '../programs.ts'

const guide = join(import.meta.dirname, '..', '..', 'docs', 'guide')
const target = join(import.meta.dirname, '.programs')

/** Pages without a program. */
const tables = ['README.md', 'coming-from-kafka-streams.md']
const names = readdirSync(guide).filter((name) => name.endsWith('.md'))
const textOf = (name: string): string => readFileSync(join(guide, name), 'utf8')

const pages = [...names, '../simulation.md']
  .filter((name) => !tables.includes(name))
  .map((path) => {
    const text = textOf(path)
    const name = basename(path)
    const fence = (language: string): string | undefined =>
      new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1]
    return { name: name.replace('.md', ''), program: fence('ts'), prints: fence('text') }
  })

beforeAll(() => {
  writePrograms(
    target,
    pages.map(({ name, program }) => ({ file: `${name}.ts`, code: program ?? '' })),
  )
})

it('compiles every program of the guide', () => {
  expect(compilePrograms(target)).toEqual({ says: '', status: 0 })
})

it.each(pages)('$name prints what its page says', async ({ name, prints }) => {
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => {
    lines.push(values.map((value) => JSON.stringify(value)).join(' '))
  })
  try {
    await import(join(target, `${name}.ts`))
  } finally {
    log.mockRestore()
  }
  expect(`${lines.join('\n')}\n`).toBe(prints)
})

it('lists every page in the index', () => {
  const index = textOf('README.md')
  expect(names.filter((name) => name !== 'README.md' && !index.includes(`](${name})`))).toEqual([])
})

it.each(names)('%s has only links that lead somewhere', (name) => {
  const links = [...textOf(name).matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '')
  expect(links.filter((link) => !link.startsWith('http') && !existsSync(join(guide, link)))).toEqual([])
})

it('maps every method of the DSL for those who come from Java', () => {
  const text = textOf('coming-from-kafka-streams.md')
  const classes = [
    StreamsBuilder,
    Topology,
    KStream,
    KTable,
    KGroupedStream,
    KGroupedTable,
    CogroupedKStream,
    StreamsApp,
  ]
  const methods = new Set(classes.flatMap((made) => Object.getOwnPropertyNames(made.prototype)))
  const own = ['constructor', 'validate', 'isPaused', 'run', 'ended', 'metadataForLocalWorkers']
  const missing = [...methods].filter((name) => !own.includes(name) && !new RegExp(`\\b${name}\\b`).test(text))
  expect(missing).toEqual([])
})
