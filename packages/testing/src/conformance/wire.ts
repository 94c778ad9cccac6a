/**
 * Runs wire vectors: finds out what a vector is by its members and checks it.
 *
 * A vector passes or fails; one of an unknown kind fails. `broker-versions.json` tells what real brokers offer and has
 * nothing to check; `messages/index.json` is compared with our APIs and only counted where it differs.
 */
import { loadCodecs } from '@millrace/protocol/internal'
import { checkRecordBatches } from './wire-batch.ts'
import { isObject, type JsonObject, show, type WireCheck } from './wire-case.ts'
import { checkApiVersions, checkMessage } from './wire-message.ts'
import { checkCrc32c, checkPartition, checkVarint } from './wire-number.ts'
import { checkSerde } from './wire-serde.ts'

/** A vector that does not agree. */
export interface WireFailure {
  readonly vector: string
  readonly difference: string
}

/** Counts of one document, or of several put together. */
export interface WireResult {
  readonly passed: number
  readonly failures: readonly WireFailure[]
}

/** Loads what some vectors need; once, before the first document. */
export async function prepareWire(): Promise<void> {
  await loadCodecs(['gzip', 'snappy', 'lz4', 'zstd'])
}

/** Checks a parsed document: `{cases: […]}`, a list of vectors, or one vector. `source` names it in failures. */
export function runWireDocument(source: string, document: unknown): WireResult {
  if (isObject(document) && Array.isArray(document['apis'])) return { passed: 0, failures: [] }
  const listed = isObject(document) && Array.isArray(document['cases']) ? document['cases'] : document
  const vectors: readonly unknown[] = Array.isArray(listed) ? listed : [listed]
  const failures: WireFailure[] = []
  let passed = 0
  for (const [i, vector] of vectors.entries()) {
    const name = `${source} #${i + 1} ${nameOf(vector)}`.trimEnd()
    const check = isObject(vector) ? checkOf(vector) : null
    if (check === null) failures.push({ vector: name, difference: `no known kind of vector: ${show(vector)}` })
    else {
      const found = run(check, vector as JsonObject)
      if (found !== null) failures.push({ vector: name, difference: found })
      else if (check !== checkApiVersions) passed++
    }
  }
  return { passed, failures }
}

function checkOf(vector: JsonObject): WireCheck | null {
  const has = (...keys: readonly string[]): boolean => keys.every((key) => vector[key] !== undefined)
  if (has('serde', 'input', 'hex')) return checkSerde
  if (has('api', 'version', 'type', 'json', 'hex')) return checkMessage
  if (has('batches', 'hex')) return checkRecordBatches
  if (has('key', 'murmur2')) return checkPartition
  if (has('hex', 'crc32c')) return checkCrc32c
  if (has('value', 'varlong')) return checkVarint
  if (has('api', 'key', 'requestHeaderVersions')) return checkApiVersions
  return null
}

function run(check: WireCheck, vector: JsonObject): string | null {
  try {
    return check(vector)
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

/** What a reader needs to find the vector again. */
function nameOf(vector: unknown): string {
  if (!isObject(vector)) return ''
  const keys = ['api', 'type', 'version', 'style', 'serde', 'name']
  const values = keys.map((key) => vector[key]).filter((value) => value !== undefined)
  const parts = values.map((value) => (typeof value === 'string' ? value : show(value)))
  return parts.length > 0 ? parts.join(' ') : show(vector['key'] ?? vector['value'] ?? vector['hex']).slice(0, 40)
}
