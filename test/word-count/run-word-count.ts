/** Runs the word-count program as a user does, from its built entry point, and counts the same text plainly beside it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../examples/01-word-count/dist/main.js', import.meta.url))

export interface ProgramResult {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

export function startWordCount(args: readonly string[]): { child: ChildProcess; ended: Promise<ProgramResult> } {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = new Promise<ProgramResult>((resolve) => {
    child.once('close', (code) => resolve({ code, output, errors }))
  })
  return { child, ended }
}

/** Counts of the program's `--json` output. */
export function countsOf({ code, output, errors }: ProgramResult): Map<string, number> {
  if (code !== 0) throw new Error(`the program ended with ${code}: ${errors}`)
  const lines = output.split('\n').filter(Boolean)
  return new Map(
    lines.map((line) => {
      const { word, count } = JSON.parse(line) as { word: string; count: number }
      return [word, count]
    }),
  )
}

/** The plain recount: the whole text decoded at once. */
export function recount(bytes: Uint8Array): Map<string, number> {
  const counts = new Map<string, number>()
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  for (const word of text.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** A text of `lines` lines in several scripts, with invalid bytes here and there; the same for one seed. */
export function sampleText(lines: number, seed: number): Buffer {
  const words = ['river', 'Mühle', 'ΟΔΟΣ', 'поток', '水車', 'Straße', 'İstanbul', 'naïve', 'don’t', 'x1y2', 'été', 'SS']
  let state = seed >>> 0
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  }
  const chunks: Buffer[] = []
  for (let i = 0; i < lines; i++) {
    const line = Array.from({ length: 1 + next(12) }, () =>
      `${words[next(words.length)]}${next(40)}`.replace(/\d+$/, (n) => (next(3) === 0 ? n : '')),
    )
    chunks.push(Buffer.from(line.join(next(2) === 0 ? ' ' : ', ')))
    if (next(20) === 0) chunks.push(Buffer.from([0xff, 0x61, 0xc3, 0x28, 0xf0, 0x9f]))
    chunks.push(Buffer.from(next(10) === 0 ? '\r\n' : '\n'))
  }
  return Buffer.concat(chunks)
}
