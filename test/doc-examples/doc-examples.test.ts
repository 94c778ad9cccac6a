/**
 * The examples in the doc comments of operators, of the DSL and of windows, compiled and run: an example is what follows
 * `@example`, and its lines `// → …` are what it prints, one line of JSON for each `run` and `show`.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as millrace from 'millrace'
import { beforeAll, expect, it } from 'vitest'
import { printed } from './prelude.ts'

const root = join(import.meta.dirname, '..', '..')
const target = join(import.meta.dirname, '.programs')
const folders = ['operator', 'dsl', 'window']

interface Example {
  /** `operator/filter.ts:13` */
  readonly name: string
  readonly file: string
  readonly code: string
  readonly prints: readonly string[]
}

const sources = folders.flatMap((folder) =>
  readdirSync(join(root, 'packages/core/src', folder))
    .filter((name) => /^[a-z-]+\.ts$/.test(name))
    .map((name) => `${folder}/${name}`),
)
const textOf = (path: string): string => readFileSync(join(root, 'packages/core/src', path), 'utf8')

function examplesOf(path: string): Example[] {
  const lines = textOf(path).split('\n')
  return lines.flatMap((line, at) => {
    if (!/^ *\* @example$/.test(line)) return []
    const code: string[] = []
    for (const next of lines.slice(at + 1)) {
      if (/^ *\*\/$/.test(next) || /^ *\* @/.test(next)) break
      code.push(next.replace(/^ *\* ?/, ''))
    }
    const prints = code.flatMap((one) => /^\/\/ → (.*)$/.exec(one)?.[1] ?? [])
    return [
      { name: `${path}:${at + 1}`, file: `${path.replace(/\W/g, '-')}-${at + 1}.ts`, code: code.join('\n'), prints },
    ]
  })
}

const examples = sources.flatMap(examplesOf)

beforeAll(() => {
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  for (const { file, code } of examples) {
    const words = new Set(code.match(/\b[A-Za-z]\w*\b/g))
    const names = Object.keys(millrace).filter((name) => words.has(name))
    const imports = [
      ...(names.length > 0 ? [`import { ${names.join(', ')} } from 'millrace'`] : []),
      ...(words.has('run') || words.has('show')
        ? [`import { ${['run', 'show'].filter((name) => words.has(name)).join(', ')} } from '../prelude.ts'`]
        : []),
    ]
    writeFileSync(join(target, file), `${imports.join('\n')}\n${code}\nexport {}\n`)
  }
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(target, 'tsconfig.json'), JSON.stringify(config))
})

it('compiles every example', () => {
  const tsc = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', target], {
    encoding: 'utf8',
  })
  expect(tsc.stdout).toBe('')
  expect(tsc.status).toBe(0)
})

it.each(examples)('$name prints what it says', async ({ file, prints }) => {
  printed.length = 0
  await import(join(target, file))
  expect(prints.length, 'an example says what it prints').toBeGreaterThan(0)
  expect(printed).toEqual(prints)
})

it('has an example, errors and a source in every file that makes a node', () => {
  const makers = sources.filter((path) => {
    const text = textOf(path)
    return path.startsWith('operator/') && /implements [^{]*Processor</.test(text)
  })
  const wanting = makers.filter((path) => {
    const text = textOf(path)
    return (
      !text.includes(' * @example') ||
      !/ \* @see .*(Kafka|KIP)/.test(text) ||
      !/ \* (Units: .*)?Errors: |@throws/.test(text)
    )
  })
  expect(makers.length).toBeGreaterThan(25)
  expect(wanting).toEqual([])
})
