// Writes the tables of docs/guide/configuration.md from the options themselves: node scripts/configuration.mjs (after a build).
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { optionTable, refusedProperties } = await import(`${root}packages/runtime/dist/internal.js`)

/** A default as users write it. */
const initial = (spec) => {
  if (spec.default === null) return '–'
  if (spec.kind !== 'duration' || spec.default <= 0) return `\`${JSON.stringify(spec.default)}\``.replaceAll('"', "'")
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
    [1, 'ms'],
  ]
  const [size, unit] = units.find(([ms]) => spec.default % ms === 0)
  return `\`'${spec.default / size}${unit}'\``
}

const supported = Object.entries(optionTable).map(
  ([option, spec]) =>
    `| \`${spec.kafka ?? '–'}\` | \`${option}\` | ${initial(spec)} | ${spec.text.replaceAll('|', '\\|')} |`,
)
const refused = Object.entries(refusedProperties).map(([property, reason]) => `| \`${property}\` | ${reason} |`)
const tables = {
  supported: ['| Kafka | Millrace | default | meaning |', '|---|---|---|---|', ...supported],
  refused: ['| Kafka | why not |', '|---|---|', ...refused],
}
const page = `${root}docs/guide/configuration.md`
let text = readFileSync(page, 'utf8')
for (const [name, lines] of Object.entries(tables)) {
  const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`]
  text = `${text.slice(0, text.indexOf(from) + from.length)}\n\n${lines.join('\n')}\n\n${text.slice(text.indexOf(to))}`
}
writeFileSync(page, text)
