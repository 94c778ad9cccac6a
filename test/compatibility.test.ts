import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')

it('docs/compatibility.md has a row for every group of vectors, with its number of vectors', () => {
  const text = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8')
  const rows = new Map(
    [...text.matchAll(/^\| ([a-z-]+) \| \w+ \| \d+ of (\d+) \|$/gm)].map((m) => [m[1], Number(m[2])]),
  )
  const vectors = join(root, 'test', 'conformance', 'streams')
  const groups = readdirSync(vectors, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(rows).toEqual(new Map(groups.map(({ name }) => [name, readdirSync(join(vectors, name)).length])))
})
