/**
 * Makes a directory with those above it, one call per missing level. Node's recursive `mkdir` never comes back where the
 * system refuses a folder with "no such file or directory" although its parent is there, as in /proc.
 */

/** What it needs of the system: Node's functions of these names. */
export interface DirectoryCalls {
  mkdirSync(path: string): unknown
  dirname(path: string): string
}

/**
 * Does nothing when there is something with this name already, be it a file.
 *
 * @throws the error of the system: it cannot be made
 */
export function makeDirectory(path: string, calls: DirectoryCalls): void {
  if (made(path, calls)) return
  const parent = calls.dirname(path)
  if (parent !== path) makeDirectory(parent, calls)
  if (!made(path, calls)) calls.mkdirSync(path)
}

function made(path: string, calls: DirectoryCalls): boolean {
  try {
    calls.mkdirSync(path)
    return true
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT') return false
    if (code === 'EEXIST') return true
    throw error
  }
}
