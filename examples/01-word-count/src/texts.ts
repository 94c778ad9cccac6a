/** Where the text comes from: files, standard input, or the repository's own docs. */
import { createReadStream, fstatSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Text {
  /** Key of its lines in the topic: a file's path, or a name of its own for standard input, which cannot be read twice. */
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

const standardInput: Text = { name: `standard input at ${new Date().toISOString()}`, open: () => process.stdin }

/** @param docs folder whose Markdown is counted when nothing else is given */
export async function textsOf(files: readonly string[], docs: string): Promise<Text[]> {
  if (files.length > 0) return files.map((file) => (file === '-' ? standardInput : textOf(file, file)))
  if (!isPiped()) return docsOf(docs)
  const chunks = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  const first = await chunks.next()
  return first.done === true ? docsOf(docs) : [{ ...standardInput, open: () => resumed(first.value, chunks) }]
}

function docsOf(docs: string): Text[] {
  return readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .toSorted()
    .map((path) => textOf(join('docs', path), join(docs, relative('.', path))))
}

const textOf = (name: string, path: string): Text => ({ name, open: () => createReadStream(path) })

/** True for a pipe, a file or a socket; a terminal or /dev/null carries no text. */
function isPiped(): boolean {
  try {
    const kind = fstatSync(0)
    return kind.isFIFO() || kind.isFile() || kind.isSocket()
  } catch {
    return false
  }
}

async function* resumed(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}
