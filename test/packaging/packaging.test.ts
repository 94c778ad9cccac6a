/** What a user gets from `npm install millrace`: packed, installed without install scripts, weighed, loaded both ways. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..')
const packages = readdirSync(join(root, 'packages'))
const run = (directory: string, file: string, ...args: string[]): string =>
  execFileSync(file, args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26 })

function bytesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((path) => statSync(join(directory, path), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() === true ? stat.size : 0), 0)
}

describe('an installed millrace', () => {
  let home = ''
  const kept = ['notes.txt', 'millrace-backup.tgz', 'photos/1.jpg']
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'millrace-install-'))
    const tarballs = join(home, 'tarballs')
    mkdirSync(join(tarballs, 'photos'), { recursive: true })
    for (const file of kept) writeFileSync(join(tarballs, file), '')
    writeFileSync(join(tarballs, 'millrace-0.0.1.tgz'), 'old')
    run(root, process.execPath, 'scripts/pack.mjs', tarballs)
    writeFileSync(join(home, 'package.json'), '{ "name": "user", "private": true }\n')
    const files = readdirSync(tarballs)
      .filter((name) => name.endsWith('.tgz') && !kept.includes(name) && !name.includes('testing'))
      .map((name) => join(tarballs, name))
    run(home, 'npm', 'install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...files)
  }, 240_000)
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  it('is packed beside what is in the folder, in the place of older packages, each with what it exports', () => {
    const files = readdirSync(join(home, 'tarballs'), { recursive: true, encoding: 'utf8' })
    expect(files).toEqual(expect.arrayContaining(kept))
    const packed = files.filter((file) => /-\d[^/]*\.tgz$/.test(file))
    expect(packed).toHaveLength(packages.length)
    expect(packed).not.toContain('millrace-0.0.1.tgz')
    for (const file of packed) {
      const names = run(home, 'tar', '-tzf', join('tarballs', file)).split('\n')
      expect(names, file).toEqual(expect.arrayContaining(['package/dist/index.js', 'package/README.md']))
    }
  })

  it('brings at most 30 packages and 35 MB', () => {
    const names = run(home, 'npm', 'ls', '--all', '--parseable')
      .split('\n')
      .filter((path) => path.includes('node_modules'))
    expect(names.length).toBeLessThanOrEqual(30)
    expect(bytesIn(join(home, 'node_modules'))).toBeLessThanOrEqual(35 * 1024 * 1024)
  })

  it('counts on the embedded broker with state on LevelDB, loaded with import', () => {
    const program = `
      import { EmbeddedBroker, int64, KafkaClient, StreamsApp, StreamsBuilder, string, topic } from 'millrace'
      const words = topic('words', { key: string(), value: string() })
      const counts = topic('counts', { key: string(), value: int64() })
      const builder = new StreamsBuilder()
      builder.stream(words).groupBy((word) => word).count({ store: 'counts' }).toStream().to(counts)
      const broker = await EmbeddedBroker.start()
      const client = new KafkaClient(broker)
      await client.createTopics([words, counts])
      const app = new StreamsApp(builder.build(), { applicationId: 'installed', kafka: broker, stateDirectory: 'state', commitInterval: 50 })
      await app.start()
      const writer = client.writer(words)
      await writer.ready()
      for (const word of ['a', 'b', 'a']) writer.send('k', word)
      await writer.flush()
      while ((await client.lag('installed', ['words'])).some(({ lag }) => lag > 0)) await new Promise((r) => setTimeout(r, 20))
      for await (const { key, value } of client.read(counts)) console.log(key, value)
      await app.close(); await client.close(); await broker.close()`
    writeFileSync(join(home, 'program.mjs'), program)
    const lines = run(home, process.execPath, 'program.mjs').trim().split('\n')
    expect(new Map(lines.map((line) => line.split(' ') as [string, string]))).toEqual(
      new Map([
        ['a', '2'],
        ['b', '1'],
      ]),
    )
  })

  it('loads with require', () => {
    expect(run(home, process.execPath, '-e', "console.log(typeof require('millrace').StreamsApp)").trim()).toBe(
      'function',
    )
  })
})

describe('the published packages', () => {
  it.each(packages)('publint finds nothing in %s', (name) => {
    const text = run(root, process.execPath, 'node_modules/publint/src/cli.js', '--strict', join('packages', name))
    expect(text).toContain('All good')
  })

  it('resolves its types as ESM (attw, esm-only)', () => {
    const attw = 'node_modules/@arethetypeswrong/cli/dist/index.js'
    const text = run(
      join(root, 'packages', 'millrace'),
      process.execPath,
      join(root, attw),
      '--pack',
      '.',
      '--profile',
      'esm-only',
    )
    expect(text).toContain('🟢 (ESM)')
    expect(text).not.toContain('❌')
  })
})
