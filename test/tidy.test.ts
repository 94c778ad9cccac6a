/**
 * The rules of the house, checked. Each rule runs over the repository, and over a small clean house with one violation
 * seeded, where it must name the offender: a rule that cannot fail is no rule.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type House, rules } from './tidy/rules.ts'

const root = join(import.meta.dirname, '..')

function repository(): House {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  const house = new Map<string, string>()
  for (const path of files.split('\n')) {
    if (!/\.(ts|mjs|js|md|json|yml)$/.test(path)) continue
    if (path.startsWith('test/conformance/')) {
      house.set(path, '')
      continue
    }
    try {
      house.set(path, readFileSync(join(root, path), 'utf8'))
    } catch {
      // listed by git, deleted in the work tree
    }
  }
  return house
}

/** A house in which every rule is green. */
function clean(): Map<string, string> {
  const hops = Array.from({ length: 8 }, (_, i) => `// RECORD PATH ${i + 1}/8: hop\n`).join('')
  return new Map([
    ['packages/core/src/error/store.ts', "export const storeMessages = {\n  MR_STORE_CLOSED: () => '',\n}\n"],
    ['packages/core/src/record/record.ts', 'export const one = 1\n'],
    [
      'packages/core/src/store/view.ts',
      "import { one } from '../record/record.ts'\nimport '../error/store.ts'\nexport const two = one + 1\n",
    ],
    ['packages/core/src/index.ts', "export { two } from './store/view.ts'\n"],
    [
      'packages/runtime/src/index.ts',
      `import { two } from '@millrace/core'\n${hops}export const code = ['MR_STORE_CLOSED', two]\n`,
    ],
    [
      'packages/store-level/src/index.ts',
      "import type { Clock } from '@millrace/core/port'\nexport type Level = Clock\n",
    ],
    ['docs/errors.md', '# Errors\n\n## MR_STORE_CLOSED\n\nSee `packages/core/src/index.ts`.\n'],
    ['package-lock.json', '{}\n'],
    ['test/one.test.ts', 'expect(1 + 1).toBe(2)\n'],
  ])
}

const lines = (count: number): string => 'const x = 1\n'.repeat(count)
/** One violation per rule: path, text, and what the report must contain. */
const seeded: Readonly<Record<string, readonly [path: string, text: string, named: string]>> = {
  'keeps files on a few screens': ['packages/core/src/index.ts', lines(401), 'packages/core/src/index.ts'],
  'keeps functions on one screen': [
    'packages/core/src/index.ts',
    `export function long(): void {\n${lines(70)}}\n`,
    'packages/core/src/index.ts:1',
  ],
  'names every file after something in the field': ['packages/core/src/store/utils.ts', '', 'store/utils.ts'],
  'has no import cycle at run time': [
    'packages/core/src/record/record.ts',
    "import { two } from '../store/view.ts'\nexport const one = two\n",
    'record/record.ts',
  ],
  'points the imports of a package one way': [
    'packages/core/src/record/record.ts',
    "import type { Two } from '../store/view.ts'\nexport const one = 1 as unknown as Two\n",
    'record/record.ts -> packages/core/src/store/view.ts',
  ],
  'imports only the packages it may': [
    'packages/store-level/src/index.ts',
    "import { two } from '@millrace/core'\nexport const x = two\n",
    'imports @millrace/core',
  ],
  'keeps I/O and clocks out of core': [
    'packages/core/src/index.ts',
    'export const now = Date.now()\n',
    'core/src/index.ts',
  ],
  'reads clocks and randomness only through the seams': [
    'packages/runtime/src/index.ts',
    'export const x = Math.random()\n',
    'runtime/src/index.ts',
  ],
  'imports every file from somewhere': ['packages/core/src/store/alone.ts', 'export const x = 1\n', 'store/alone.ts'],
  'documents every error code, and only those': ['docs/errors.md', '## MR_STORE_GONE\n', 'MR_STORE_GONE'],
  'raises every error code somewhere': ['packages/runtime/src/index.ts', 'export const x = 1\n', 'MR_STORE_CLOSED'],
  'marks each hop of the record path exactly once': [
    'packages/core/src/extra.ts',
    '// RECORD PATH 3/8: twice\n',
    'hop 3',
  ],
  'leaves no work marks': ['docs/guide.md', 'TODO: write\n', 'docs/guide.md'],
  'names no registry host and no path of a machine': ['docs/guide.md', 'see `/home/somebody/x`\n', 'docs/guide.md'],
  'names only files that exist in its documents': ['docs/guide.md', 'see `packages/core/src/gone.ts`\n', 'gone.ts'],
  'asserts something in every test file': ['test/empty.test.ts', "it('runs', () => {})\n", 'test/empty.test.ts'],
}

const house = repository()
describe('the house', () => {
  for (const rule of rules) {
    it(rule.name, () => {
      expect(rule.check(house), rule.reason).toEqual([])
    })
  }
})

describe('the rules', () => {
  for (const rule of rules) {
    it(`find what is wrong: ${rule.name}`, () => {
      expect(rule.check(clean())).toEqual([])
      const [path, text, named] = seeded[rule.name] ?? expect.fail(`no violation is seeded for "${rule.name}"`)
      expect(rule.check(clean().set(path, text)).join('\n')).toContain(named)
    })
  }
})
