import { expect, it } from 'vitest'
import { linesOf } from './lines.ts'

async function collect(chunks: Uint8Array[]): Promise<string[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of linesOf(source())) lines.push(line)
  return lines
}

it('joins a character and a line that fall between two chunks', async () => {
  const bytes = Buffer.from('grün\nblau')
  expect(await collect([bytes.subarray(0, 3), bytes.subarray(3, 7), bytes.subarray(7)])).toEqual(['grün', 'blau'])
})

it('keeps the words of a text without line ends whole', async () => {
  const words = Array.from({ length: 60_000 }, (_, i) => `wort${i}`).join(' ')
  const lines = await collect([Buffer.from(words.slice(0, 300_000)), Buffer.from(words.slice(300_000))])
  expect(lines.length).toBeGreaterThan(5)
  expect(lines.join('')).toBe(words)
  expect(lines.slice(0, -1).every((line) => line.endsWith(' '))).toBe(true)
})

it('turns invalid bytes into a character that is no letter', async () => {
  expect(await collect([Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xc3])])).toEqual(['a\ufffdb', '\ufffd'])
})
