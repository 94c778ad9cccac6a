/**
 * The examples in the doc comments of operators, of the DSL and of windows, compiled and run: an example is what follows
 * `@example`, and its lines `// → …` are what it prints, one line of JSON for each `run` and `show`.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as millrace from 'millrace'
import { beforeAll, expect, it } from 'vitest'
import { compilePrograms, type WrittenProgram, writePrograms } from '../programs.ts'
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

/** An example with the imports of what it names. */
function programOf({ file, code }: Example): WrittenProgram {
  const words = new Set(code.match(/\b[A-Za-z]\w*\b/g))
  const importing = (known: readonly string[], module: string): string[] => {
    const names = known.filter((name) => words.has(name))
    return names.length > 0 ? [`import { ${names.join(', ')} } from '${module}'`] : []
  }
  const imports = [...importing(Object.keys(millrace), 'millrace'), ...importing(['run', 'show'], '../prelude.ts')]
  return { file, code: `${imports.join('\n')}\n${code}` }
}

beforeAll(() => writePrograms(target, examples.map(programOf), { noUnusedLocals: false }))

it('compiles every example', () => {
  expect(compilePrograms(target)).toEqual({ says: '', status: 0 })
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
