/**
 * A lock between processes that is one small file, for the adapters that own a directory: the state of an application,
 * the topics of the embedded broker. The system's calls are handed in, so that this package stays free of Node.
 *
 * The file holds the pid of its owner, the time at which that process started (a pid is given to somebody else sooner or
 * later), and a mark of this one taking. Two rules make it safe:
 *
 * - It appears whole: written under another name, then linked. Nobody ever reads half a lock.
 * - A lock left by a dead process is replaced only by who holds `<path>.takeover`, itself such a lock, and only if the file
 *   still says what it said when it was found stale. So of many that find it, one gets it.
 *
 * Processes of different machines or containers do not see each other: to each, the other's lock is that of a dead process.
 */
export interface LockFiles {
  writeFileSync(path: string, text: string, options: { readonly flag: 'w' | 'wx' }): void
  readFileSync(path: string, encoding: 'utf8'): string
  linkSync(from: string, to: string): void
  renameSync(from: string, to: string): void
  unlinkSync(path: string): void
}

/** What taking a lock needs of the system; `files` and `process` are Node's own. */
export interface LockSystem {
  readonly files: LockFiles
  readonly process: { readonly pid: number; kill(pid: number, signal: 0): unknown }
  /** A text without separators that no other taking has, such as a uuid. */
  readonly mark: string
}

/** A lock that is held. */
export interface FileLock {
  /** Gives it back; a lock that somebody else has taken meanwhile (after the directory was removed) is left alone. */
  release(): void
}

/** Whose lock it is. */
export interface LockOwner {
  readonly pid: number
  /** Clock ticks since boot at which the process started; null where the system does not tell. */
  readonly started: string | null
}

const attemptsMax = 20
const takeoverDepthMax = 4

/**
 * Takes the lock; its directory must exist.
 *
 * @returns the lock, or the living process that has it
 * @throws the error of a system call: the file cannot be written
 */
export function takeFileLock(path: string, system: LockSystem): FileLock | LockOwner {
  const { pid } = system.process
  const text = JSON.stringify({ pid, started: startOf(pid, system.files), mark: system.mark })
  const owner = taken(path, { ...system, text }, 0)
  return owner ?? { release: () => removeOwn(path, { ...system, text }) }
}

interface Taker extends LockSystem {
  /** Content of the lock. */
  readonly text: string
}

/** Null when the lock is ours now, else who has it. */
function taken(path: string, taker: Taker, depth: number): LockOwner | null {
  let found: LockOwner | null = null
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    if (created(path, taker)) return null
    const text = textOf(path, taker.files)
    if (text === null) continue
    found = ownerOf(text)
    if ((found !== null && isAlive(found, taker)) || depth === takeoverDepthMax) break
    const other = taken(`${path}.takeover`, taker, depth + 1)
    // whoever is taking it over has it in a moment
    if (other !== null) return other
    try {
      if (textOf(path, taker.files) !== text) continue
      taker.files.renameSync(written(path, taker), path)
      return null
    } finally {
      removeOwn(`${path}.takeover`, taker)
    }
  }
  return found ?? { pid: 0, started: null }
}

/** Writes the lock under a name of its own. */
function written(path: string, { files, mark, text }: Taker): string {
  const own = `${path}.${mark}`
  files.writeFileSync(own, text, { flag: 'w' })
  return own
}

function created(path: string, taker: Taker): boolean {
  const { files, text } = taker
  const own = written(path, taker)
  try {
    files.linkSync(own, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error
  } finally {
    files.unlinkSync(own)
  }
  // A file system without links: the next best.
  try {
    files.writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

function removeOwn(path: string, { files, text }: Taker): void {
  if (textOf(path, files) === text) files.unlinkSync(path)
}

function textOf(path: string, files: LockFiles): string | null {
  try {
    return files.readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Null: unreadable (damaged after a loss of power), hence nobody's. */
function ownerOf(text: string): LockOwner | null {
  try {
    const found = JSON.parse(text) as number | Partial<LockOwner> | null
    const { pid, started } = typeof found === 'number' ? { pid: found, started: null } : (found ?? {})
    return typeof pid === 'number' && pid > 0 ? { pid, started: started ?? null } : null
  } catch {
    return null
  }
}

function isAlive(owner: LockOwner, { process, files }: LockSystem): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false
  }
  if (owner.started !== null) return startOf(owner.pid, files) === owner.started
  // We would have noted the start: somebody wrote this who does not, and is gone, since its pid is ours.
  return owner.pid !== process.pid || startOf(process.pid, files) === null
}

/**
 * Field 22 of /proc/<pid>/stat; its command name may hold anything, so the fields are counted from its closing bracket.
 * Null for a process that has ended and waits for its parent.
 */
function startOf(pid: number, files: LockFiles): string | null {
  try {
    const stat = files.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? ''
}
