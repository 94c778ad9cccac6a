/**
 * Text in pieces that can be counted apart: lines of decoded UTF-8, long ones cut where no word can be hurt.
 *
 * Invalid bytes become U+FFFD, which is no letter. A line longer than `charactersMax` is cut after white space, where
 * neither a word nor the lower-casing of a letter (the final sigma looks at its neighbours) crosses; only a run of that
 * many characters without white space is kept whole.
 */
const charactersMax = 64 * 1024

/** Lines without their ends; a last line without end counts. Empty lines are left out. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield* pieces(line)
    if (rest.length > charactersMax) {
      const cut = lastWhiteSpace(rest, rest.length)
      if (cut > 0) yield* pieces(rest.slice(0, cut))
      if (cut > 0) rest = rest.slice(cut)
    }
  }
  yield* pieces(rest + decoder.decode())
}

function* pieces(line: string): Generator<string> {
  let from = 0
  while (line.length - from > charactersMax) {
    const before = lastWhiteSpace(line, from + charactersMax)
    const cut = before > from ? before : nextWhiteSpace(line, from + charactersMax)
    yield line.slice(from, cut)
    from = cut
  }
  if (from < line.length) yield from === 0 ? line : line.slice(from)
}

/** Position after the last white space before `end`, 0 if there is none. */
function lastWhiteSpace(text: string, end: number): number {
  for (let i = end - 1; i >= 0; i--) if (text[i] === ' ' || text[i] === '\t' || text[i] === '\r') return i + 1
  return 0
}

function nextWhiteSpace(text: string, start: number): number {
  for (let i = start; i < text.length; i++) if (text[i] === ' ' || text[i] === '\t' || text[i] === '\r') return i + 1
  return text.length
}
