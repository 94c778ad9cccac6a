/** npm run bench:windows — that the state of windows is bounded, and what windows and joins cost beside a plain count. */
import { withoutArguments } from '@millrace/testing/internal'
import { measure } from './measure.ts'
import { costCandidates, costRecords } from './operator-cost.ts'
import { stateFigures } from './window-state.ts'

await withoutArguments('bench:windows', async () => {
  console.log('\nstate after 1 h of event time, 500 keys, the greatest after any commit')
  console.log('    rows   allowed   row bytes   file bytes   changelog               store')
  for (const { name, rows, rowsAllowed, bytes, fileBytes, changelog } of await stateFigures()) {
    const numbers = [String(rows).padStart(8), String(rowsAllowed).padStart(9), String(bytes).padStart(11)]
    const verdict = rows > rowsAllowed ? '  GROWS' : ''
    console.log(`${numbers.join(' ')} ${String(fileBytes).padStart(12)}   ${changelog.padEnd(23)} ${name}${verdict}`)
    if (rows > rowsAllowed) process.exitCode = 1
  }

  console.log(`\ncost beside an un-windowed count, ${costRecords} records, 10 000 keys, Node ${process.versions.node}`)
  console.log('  CPU ns/record   × count')
  for (const { name, nsPerRecord, ratioToFirst } of await measure(costCandidates, costRecords, 7))
    console.log(`  ${nsPerRecord.toFixed(0).padStart(13)}   ${(1 / ratioToFirst).toFixed(2).padStart(7)}   ${name}`)
})
