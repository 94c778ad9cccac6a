/**
 * The rules of the house that a machine can check, as pure functions over a set of files: path → text.
 *
 * Each rule gives the list of its violations, each beginning with the path. `tidy.test.ts` runs them over the repository and,
 * to be sure that none sleeps, over a small clean house with one violation seeded per rule.
 */
import { dirname, join, normalize } from 'node:path'
import ts from 'typescript-api'

export type House = ReadonlyMap<string, string>
export interface Rule {
  readonly name: string
  readonly reason: string
  check(house: House): string[]
}

const linesMax = 400
const testLinesMax = 600
const functionLinesMax = 70
const hopsOnRecordPath = 8
/** Leaves first: a folder may import only from folders to its left. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: ['record', 'time', 'serde', 'port', 'store', 'window', 'processor', 'operator', 'topology', 'dsl'],
  runtime: [
    'handler',
    'changelog',
    'commit',
    'task',
    'internal-topic',
    'assignment',
    'worker',
    'query',
    'streams-runtime',
  ],
}
/** What each package may import of ours, besides itself. */
const allowedPackages: Readonly<Record<string, readonly string[]>> = {
  core: [],
  protocol: ['@millrace/core'],
  runtime: ['@millrace/core', '@millrace/protocol'],
  'transport-kafkajs': ['@millrace/core/port'],
  'store-level': ['@millrace/core/port'],
  'serde-msgpack': ['@millrace/core'],
  broker: ['@millrace/core', '@millrace/protocol'],
  testing: ['@millrace/core', '@millrace/protocol', '@millrace/runtime', '@millrace/broker', '@millrace/serde-msgpack'],
  cli: ['@millrace/core', '@millrace/protocol', '@millrace/runtime'],
}

const isTest = (path: string): boolean => /\.(test|test-d|bench)\.ts$/.test(path)
const isGenerated = (text: string): boolean => /generated/i.test(text.slice(0, text.indexOf('\n') + 1))
const shippedOf = (house: House): [path: string, text: string][] =>
  [...house].filter(([path]) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path) && !isTest(path))
const lineCount = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

const parsed = new Map<string, ts.SourceFile>()
function tree(path: string, text: string): ts.SourceFile {
  const cached = parsed.get(path)
  if (cached !== undefined && cached.text === text) return cached
  const made = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  parsed.set(path, made)
  return made
}

function specifiers(path: string, text: string, runTimeOnly: boolean): string[] {
  return tree(path, text).statements.flatMap((s) => {
    if (!(ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) || s.moduleSpecifier === undefined) return []
    if (runTimeOnly && (ts.isImportDeclaration(s) ? s.importClause?.isTypeOnly === true : s.isTypeOnly)) return []
    return [(s.moduleSpecifier as ts.StringLiteral).text]
  })
}

function imports(path: string, text: string, runTimeOnly: boolean): string[] {
  return specifiers(path, text, runTimeOnly).flatMap((target) =>
    target.startsWith('.') ? [normalize(join(dirname(path), target))] : [],
  )
}

const sizes: Rule = {
  name: 'keeps files on a few screens',
  reason: `a shipped file has at most ${linesMax} lines, a test at most ${testLinesMax}`,
  check: (house) => [
    ...shippedOf(house)
      .filter(([, text]) => lineCount(text) > linesMax && !isGenerated(text))
      .map(([path, text]) => `${path}: ${lineCount(text)} lines`),
    ...[...house]
      .filter(([path, text]) => isTest(path) && lineCount(text) > testLinesMax)
      .map(([path, text]) => `${path}: ${lineCount(text)} lines`),
  ],
}

const functions: Rule = {
  name: 'keeps functions on one screen',
  reason: `a function has at most ${functionLinesMax} lines`,
  check: (house) => {
    const long: string[] = []
    for (const [path, text] of shippedOf(house)) {
      if (isGenerated(text)) continue
      const source = tree(path, text)
      const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line
      const visit = (node: ts.Node): void => {
        if (ts.isFunctionLike(node) && lineOf(node.end) - lineOf(node.getStart()) >= functionLinesMax)
          long.push(`${path}:${lineOf(node.getStart()) + 1}`)
        ts.forEachChild(node, visit)
      }
      visit(source)
    }
    return long
  },
}

const fileNames: Rule = {
  name: 'names every file after something in the field',
  reason: 'a file called utils, helpers, common or manager has no idea of its own',
  check: (house) =>
    shippedOf(house)
      .map(([path]) => path)
      .filter((path) => /(^|[/-])(utils?|helpers?|common|misc|shared|impl|base|manager)(\.ts$|-|\/)/.test(path)),
}

const cycles: Rule = {
  name: 'has no import cycle at run time',
  reason: 'imports point one way',
  check: (house) => {
    const shipped = new Map(shippedOf(house))
    const seen = new Map<string, 'open' | 'done'>()
    const found: string[] = []
    const walk = (path: string, trail: readonly string[]): void => {
      if (seen.get(path) === 'done') return
      if (seen.get(path) === 'open') {
        found.push([...trail.slice(trail.indexOf(path)), path].join(' -> '))
        return
      }
      seen.set(path, 'open')
      for (const next of imports(path, shipped.get(path) ?? '', true))
        if (shipped.has(next)) walk(next, [...trail, path])
      seen.set(path, 'done')
    }
    for (const path of shipped.keys()) walk(path, [])
    return found
  },
}

const direction: Rule = {
  name: 'points the imports of a package one way',
  reason: 'the folders of core and runtime stand in order, leaves first',
  check: (house) => {
    const wrong: string[] = []
    const place = (path: string): [string, number] => {
      const [, pkg = '', , folder = ''] = path.split('/')
      return [pkg, (layers[pkg] ?? []).indexOf(folder.replace(/\.ts$/, ''))]
    }
    for (const [path, text] of shippedOf(house)) {
      const [pkg, from] = place(path)
      if (from < 0) continue
      for (const target of imports(path, text, false)) {
        const [targetPackage, to] = place(target)
        if (targetPackage === pkg && to > from) wrong.push(`${path} -> ${target}`)
      }
    }
    return wrong
  },
}

const fences: Rule = {
  name: 'imports only the packages it may',
  reason: 'style of the house: core <- protocol <- runtime, broker <- testing; adapters see the ports only',
  check: (house) =>
    shippedOf(house).flatMap(([path, text]) => {
      const pkg = path.split('/')[1] ?? ''
      const allowed = allowedPackages[pkg]
      if (allowed === undefined) return []
      return specifiers(path, text, false)
        .filter((s) => s.startsWith('@millrace/') || s === 'millrace')
        .filter((s) => !allowed.some((a) => s === a || (!a.endsWith('/port') && s.startsWith(`${a}/`))))
        .map((s) => `${path} imports ${s}`)
    }),
}

const pureCore: Rule = {
  name: 'keeps I/O and clocks out of core',
  reason: 'the domain is given time, randomness and bytes',
  check: (house) =>
    shippedOf(house)
      .filter(([path]) => path.startsWith('packages/core/src/'))
      .filter(([, text]) =>
        /from '(node:|kafkajs|level|classic-level)|\bDate\.now\(|\bMath\.random\(|\bsetTimeout\(|\bperformance\.now\(/.test(
          text,
        ),
      )
      .map(([path]) => `${path} touches the world`),
}

const seams: Rule = {
  name: 'reads clocks and randomness only through the seams',
  reason: 'a run must be repeatable under a manual clock; only platform files may ask the platform',
  check: (house) =>
    shippedOf(house)
      .filter(([path]) => /^packages\/(protocol|runtime|broker)\/src\//.test(path) && !path.endsWith('/platform.ts'))
      .filter(([, text]) => /\bDate\.now\(|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(/.test(text))
      .map(([path]) => `${path} asks the platform`),
}

const used: Rule = {
  name: 'imports every file from somewhere',
  reason: 'a file that nobody imports is dead',
  check: (house) => {
    const shipped = shippedOf(house)
    const targets = new Set(shipped.flatMap(([path, text]) => imports(path, text, false)))
    return shipped
      .map(([path]) => path)
      .filter(
        (path) => !targets.has(path) && !/(\/(index|internal|bin|[a-z-]*main|[a-z-]*-worker)|\.d)\.ts$/.test(path),
      )
  },
}

const errorCodes: Rule = {
  name: 'documents every error code, and only those',
  reason: 'docs/errors.md is what a user reads when a code comes up',
  check: (house) => {
    const declared = new Set(
      [...house]
        .filter(([path]) => path.startsWith('packages/core/src/error/'))
        .flatMap(([, text]) => [...text.matchAll(/^ {2}(MR_[A-Z0-9_]+):/gm)].map((m) => m[1] ?? '')),
    )
    const documented = new Set(
      [...(house.get('docs/errors.md') ?? '').matchAll(/^## (MR_[A-Z0-9_]+)$/gm)].map((m) => m[1]),
    )
    return [
      ...[...declared].filter((code) => !documented.has(code)).map((code) => `${code}: no heading in docs/errors.md`),
      ...[...documented].filter((code) => !declared.has(code ?? '')).map((code) => `${code}: documented, not declared`),
    ]
  },
}

const raisedCodes: Rule = {
  name: 'raises every error code somewhere',
  reason: 'an error that nobody can reach is a promise that nobody keeps',
  check: (house) => {
    const texts = shippedOf(house).filter(([path]) => !path.startsWith('packages/core/src/error/'))
    const codes = [...house]
      .filter(([path]) => path.startsWith('packages/core/src/error/'))
      .flatMap(([, text]) => [...text.matchAll(/^ {2}(MR_[A-Z0-9_]+):/gm)].map((m) => m[1] ?? ''))
    return codes
      .filter((code) => !texts.some(([, text]) => text.includes(`'${code}'`)))
      .map((code) => `${code}: never raised`)
  },
}

const hops: Rule = {
  name: 'marks each hop of the record path exactly once',
  reason: 'grep "RECORD PATH" shows a newcomer the way of a record',
  check: (house) => {
    const found = shippedOf(house).flatMap(([path, text]) =>
      [...text.matchAll(/RECORD PATH (\d+)\//g)].map((m) => [Number(m[1]), path] as const),
    )
    return Array.from({ length: hopsOnRecordPath }, (_, i) => i + 1).flatMap((hop) => {
      const places = found.filter(([n]) => n === hop)
      return places.length === 1 ? [] : [`hop ${hop}: marked ${places.length} times`]
    })
  },
}

const workMarks: Rule = {
  name: 'leaves no work marks',
  reason: 'what is open is an issue, not a comment',
  check: (house) =>
    [...house]
      .filter(([path]) => /\.(ts|mjs|md)$/.test(path) && !path.startsWith('test/tidy'))
      .filter(([, text]) => /\b(TODO|FIXME|XXX)\b/.test(text))
      .map(([path]) => path),
}

const places: Rule = {
  name: 'names no registry host and no path of a machine',
  reason: 'the repository is at home on every machine',
  check: (house) =>
    [...house]
      .filter(([path]) => !path.startsWith('test/tidy'))
      .filter(
        ([path, text]) =>
          /(^|[\s"'`(=:])\/(work|root|home|Users)\/[a-z]/.test(text) ||
          (path.endsWith('package-lock.json') && /"resolved": "http/.test(text)),
      )
      .map(([path]) => path),
}

const documentPaths: Rule = {
  name: 'names only files that exist in its documents',
  reason: 'a path in a document is a promise',
  check: (house) => {
    const paths = [...house.keys()]
    const exists = (path: string): boolean =>
      house.has(path) || paths.some((p) => p.startsWith(`${path.replace(/\/$/, '')}/`))
    return [...house]
      .filter(([path]) => path.endsWith('.md') && !path.startsWith('.changeset/'))
      .flatMap(([path, text]) =>
        [...text.matchAll(/`((?:packages|examples|test|bench|docs|scripts)\/[\w./-]+)`/g)]
          .map((m) => m[1] ?? '')
          .filter((named) => !exists(named))
          .map((named) => `${path}: ${named}`),
      )
  },
}

const assertions: Rule = {
  name: 'asserts something in every test file',
  reason: 'a test that cannot fail shows nothing',
  check: (house) =>
    [...house]
      .filter(
        ([path, text]) =>
          path.endsWith('.test.ts') && !/\b(expect|assert|expectTypeOf|storeEngineContract)\b/.test(text),
      )
      .map(([path]) => path),
}

export const rules: readonly Rule[] = [
  sizes,
  functions,
  fileNames,
  cycles,
  direction,
  fences,
  pureCore,
  seams,
  used,
  errorCodes,
  raisedCodes,
  hops,
  workMarks,
  places,
  documentPaths,
  assertions,
]
