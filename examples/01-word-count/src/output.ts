/** What the program prints: results on standard output, progress on standard error and only on a terminal. */
export interface WordRow {
  readonly word: string
  readonly count: number
}

export function printJson(rows: readonly WordRow[]): void {
  const linesAtOnce = 10_000
  for (let from = 0; from < rows.length; from += linesAtOnce) {
    const lines = rows.slice(from, from + linesAtOnce).map(({ word, count }) => `${JSON.stringify({ word, count })}\n`)
    process.stdout.write(lines.join(''))
  }
}

export function printTable(rows: readonly WordRow[], top: number): void {
  const shown = rows.slice(0, top)
  const width = Math.max(5, ...shown.map(({ count }) => String(count).length))
  const total = rows.reduce((sum, { count }) => sum + count, 0)
  console.log(`${'count'.padStart(width)}  word`)
  for (const { word, count } of shown) console.log(`${String(count).padStart(width)}  ${word}`)
  console.log(`${rows.length} different words, ${total} in all`)
}

/** Shows one line that replaces itself; an empty text removes it. Silent when standard error is no terminal. */
export function progress(): (text: string) => void {
  if (!process.stderr.isTTY) return () => undefined
  return (text) => void process.stderr.write(`\r\u001b[K${text}`)
}
