/**
 * The disk as the broker sees it: flat names, append-only files, everything synchronous.
 *
 * Kept this small so that a simulated disk (torn tails, lost writes, no space) can be put in its place. Synchronous
 * because a write goes to the page cache, not to the platter: it survives the process, and the broker stays a plain
 * sequence of steps that a test can replay.
 */

/** One append-only file. A name is `<folder>/<file>` or `<file>`. */
export interface LogFile {
  readonly name: string
  readonly size: number
  /** Adds the bytes at the end, all or nothing as seen by this process; the caller may reuse the array. */
  append(bytes: Uint8Array): void
  /**
   * Bytes from `position`, at least one and at most `lengthMax`, as far as they lie together.
   *
   * What was given to one `append` is never split, unless `lengthMax` splits it. The array is not to be written to;
   * it stays valid when the file grows or is removed.
   */
  view(position: number, lengthMax: number): Uint8Array
  /** Cuts the file to `size` bytes. */
  truncate(size: number): void
  /** What lies before `position` will not be read again: memory may be given back. The size does not change. */
  discardBefore(position: number): void
  /** Forces the bytes to the medium. */
  flush(): void
  close(): void
}

/** All files of one broker. */
export interface LogStorage {
  /** True when files survive this object. */
  readonly persistent: boolean
  /** Opens a file for reading and appending, creating it empty when there is none. */
  open(name: string): LogFile
  /** Names of all files, sorted. */
  list(): string[]
  /** Removes a closed file; a name that does not exist is ignored. */
  remove(name: string): void
  /** Renames a closed file over whatever has the new name, in one step. */
  rename(from: string, to: string): void
  close(): void
}
