/** A key inside the text of an error: short, on one line, and never an error of its own. */

const lengthMax = 80

/** Texts in quotes, objects as JSON, bytes by their length; cut behind 80 characters. */
export function keyText(key: unknown): string {
  const text = whole(key)
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text
}

function whole(key: unknown): string {
  if (key instanceof Uint8Array) return `${key.length} bytes`
  if (typeof key !== 'string' && (typeof key !== 'object' || key === null)) return String(key)
  try {
    return JSON.stringify(key) ?? 'an object'
  } catch {
    return 'an object'
  }
}
