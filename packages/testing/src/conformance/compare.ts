/** Compares what a vector expects with what was observed, and says the first difference. */
import { javaClasses, javaClassesOfName } from './java-errors.ts'
import type { Observed } from './observed.ts'
import type { ExpectedError, Header, Vector } from './vector.ts'

/** The first difference, or null when there is none. */
export function firstDifference(vector: Vector, observed: Observed): string | null {
  const { expect } = vector
  if (vector.jvmDefect === true && expect.error !== undefined) return defectDifference(expect.error, observed)
  return (
    errorDifference(expect.error, observed) ??
    (expect.description === undefined ? null : linesDifference(expect.description, observed.description ?? [])) ??
    difference('branches', expect.branches ?? [], observed.branches) ??
    difference('trace', expect.trace ?? [], observed.trace) ??
    (expect.output === undefined ? null : difference('output', expect.output, observed.output ?? {})) ??
    difference('reads', expect.reads ?? [], observed.reads) ??
    (expect.stores === undefined ? null : difference('stores', expect.stores, observed.stores ?? {})) ??
    (expect.metrics === undefined ? null : difference('metrics', expect.metrics, observed.metrics ?? {}))
  )
}

/** A defect of Kafka: failing in the same phase is as good as doing what the topology asks for. */
function defectDifference(expected: ExpectedError, { error }: Observed): string | null {
  if (error === undefined || error.phase === expected.phase) return null
  return `error: expected phase ${expected.phase} or none, got ${error.phase}: ${describeError(error.error)}`
}

function errorDifference(expected: ExpectedError | undefined, { error }: Observed): string | null {
  if (expected === undefined) {
    if (error === undefined) return null
    const where = error.phase === 'step' ? `step ${error.step}` : `${error.phase} ${error.op ?? ''}`
    return `error: expected none, got in ${where}: ${describeError(error.error)}`
  }
  const wanted = `${expected.phase} ${expected.op ?? expected.step ?? ''} ${expected.type} (${expected.message})`
  if (error === undefined) return `error: expected ${wanted}, got none`
  const got = `${error.phase} ${error.op ?? error.step ?? ''} ${describeError(error.error)}`
  const samePlace = error.phase === expected.phase && error.op === expected.op && error.step === expected.step
  if (!samePlace || !javaClasses(error.error).includes(expected.type)) return `error: expected ${wanted}, got ${got}`
  return null
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? ` ${String(error.code)}` : ''
  const cause = error.cause === undefined ? '' : ` <- ${describeError(error.cause)}`
  return `${error.name}${code}: ${error.message}${cause}`
}

function linesDifference(expected: readonly string[], actual: readonly string[]): string | null {
  const at = expected.findIndex((line, i) => line !== actual[i])
  if (at >= 0) return `description line ${at + 1}: expected ${show(expected[at])}, got ${show(actual[at])}`
  return expected.length === actual.length
    ? null
    : `description: expected ${expected.length} lines, got ${actual.length}`
}

/** Deep comparison, or null when equal; headers of dead letters are compared as FORMAT.md says. */
export function difference(path: string, expected: unknown, actual: unknown): string | null {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (path.endsWith('.headers')) return headersDifference(path, expected as Header[], actual as Header[])
    for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
      const found = difference(`${path}[${i}]`, expected[i], actual[i])
      if (found !== null) return found
    }
    return null
  }
  if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const found = difference(`${path}.${key}`, expected[key], actual[key])
      if (found !== null) return found
    }
    return null
  }
  return expected === actual ? null : `${path}: expected ${show(expected)}, got ${show(actual)}`
}

function headersDifference(path: string, expected: readonly Header[], actual: readonly Header[]): string | null {
  const differs = expected.length !== actual.length || expected.some((header, i) => !sameHeader(header, actual[i]))
  return differs ? `${path}: expected ${show(expected)}, got ${show(actual)}` : null
}

function sameHeader(expected: Header, actual: Header | undefined): boolean {
  if (actual === undefined || expected[0] !== actual[0]) return false
  const [name, value] = expected
  if (name === '__streams.errors.exception') {
    const simple = (value ?? '').split('.').at(-1) ?? ''
    return javaClassesOfName(actual[1] ?? '').includes(simple)
  }
  if (name === '__streams.errors.message' && !isLibraryMessage(value ?? '')) return true
  return value === actual[1]
}

function isLibraryMessage(message: string): boolean {
  return message.startsWith('throw') || message === 'punctuate' || message === 'bad value'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
