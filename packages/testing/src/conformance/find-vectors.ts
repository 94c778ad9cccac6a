/** Golden vectors in files and folders: `.json` holds one, `.jsonl` one per line. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Vector } from './vector.ts'

export interface FoundVector {
  /** Name of the folder. */
  readonly group: string
  /** Folder and file, with the vector's name for `.jsonl`. */
  readonly name: string
  readonly vector: Vector
}

/** All vectors under the paths, in order of their names. In folders, JSON files that are no vectors are passed over. */
export function findVectors(paths: readonly string[]): FoundVector[] {
  return paths.flatMap((path) => (statSync(path).isDirectory() ? inFolder(path) : inFile(path)))
}

/** One vector: `FILE.json`, or `FILE.jsonl#NAME`. @throws an Error if there is none of that name */
export function loadVector(spec: string): Vector {
  const [path = '', name] = spec.split('#')
  const found = inFile(path)
  const one = name === undefined ? found[0] : found.find(({ vector }) => vector.name === name)
  if (one === undefined) throw new Error(`no vector of that name: ${spec}`)
  return one.vector
}

function inFolder(folder: string): FoundVector[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return inFolder(path)
    return /\.jsonl?$/.test(entry.name) ? inFile(path).filter(({ vector }) => Array.isArray(vector.topology)) : []
  })
}

function inFile(path: string): FoundVector[] {
  const group = basename(dirname(resolve(path)))
  const source = readFileSync(path, 'utf8')
  if (!path.endsWith('.jsonl'))
    return [{ group, name: `${group}/${basename(path)}`, vector: JSON.parse(source) as Vector }]
  const lines = source.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const vector = JSON.parse(line) as Vector
    return { group, name: `${group}/${basename(path)}#${vector.name}`, vector }
  })
}
