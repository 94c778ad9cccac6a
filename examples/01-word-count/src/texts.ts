/** Where the text comes from: files, standard input, or the repository's own docs. */
import { createReadStream, fstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Text {
  /** Key of its lines in the topic: a file's path, or a name of its own for standard input, which cannot be read twice. */
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

/** How long a pipe may say nothing before it is taken for none. */
const silenceMs = 2_000

const standardInput: Text = { name: `standard input at ${new Date().toISOString()}`, open: () => process.stdin }

/**
 * @param docs folder whose Markdown is counted when nothing else is given
 * @throws Error with one line that names a file that cannot be read
 */
export async function textsOf(files: readonly string[], docs: string): Promise<Text[]> {
  for (const file of files) if (file !== '-') requireFile(file)
  if (files.length > 0) return files.map((file) => (file === '-' ? standardInput : textOf(file, file)))
  return isPiped() && (await speaksSoon()) ? [standardInput] : docsOf(docs)
}

/** False when a pipe stays open and silent: whoever started the program left it there and means none. */
async function speaksSoon(): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (speaks: boolean) => () => {
      clearTimeout(timer)
      process.stdin.off('readable', onReadable)
      if (!speaks) process.stdin.destroy()
      resolve(speaks)
    }
    const onReadable = settle(true)
    const timer = setTimeout(settle(false), silenceMs)
    process.stdin.once('readable', onReadable)
  })
}

function docsOf(docs: string): Text[] {
  return readdirSync(docs, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .toSorted()
    .map((path) => textOf(join('docs', path), join(docs, path)))
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

function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined)
    throw new Error(`There is no file "${path}"; name texts to count, or "-" for standard input.`)
  if (found.isDirectory()) throw new Error(`"${path}" is a directory; name the files in it.`)
}
