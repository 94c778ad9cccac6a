/** Names that users give to nodes, stores and internal topics: which are allowed, as in Kafka. */
import { TopologyError } from '../errors.ts'

const lengthMax = 249

/** @throws {MR_TOPOLOGY_NAME} empty, longer than 249, `.` or `..`, or another character than a-z A-Z 0-9 . _ - */
export function requireName(name: string): string {
  const reason =
    typeof name !== 'string'
      ? 'it is no text'
      : name === ''
        ? 'it is empty'
        : name === '.' || name === '..'
          ? 'it is a path'
          : name.length > lengthMax
            ? `it has ${name.length} characters`
            : /[^a-zA-Z0-9._-]/.test(name)
              ? 'it has other characters'
              : null
  if (reason !== null) throw new TopologyError('MR_TOPOLOGY_NAME', { name, reason })
  return name
}

/** A counter as Kafka writes it into names: ten digits. */
export function tenDigits(index: number): string {
  return String(index).padStart(10, '0')
}
