/**
 * What LevelDB and the file system report, as errors that say what to do next.
 *
 * Damage is healed by restoring from the changelog (`TaskCorruptedError`). A full or unwritable disk is not damage: the
 * application stops and the state stays (`FatalError`).
 */
import { FatalError, type StreamsError, TaskCorruptedError } from '@millrace/core/port'

/** The error to throw for a failure of LevelDB or of the file system under `location`. */
export function levelFailure(error: unknown, location: string, mustExist = false): StreamsError {
  const reasons = chain(error)
  const reason = reasons.map((one) => one.message).join('; ')
  const codes = reasons.map((one) => one.code)
  if (codes.includes('ENOSPC') || /no space left/i.test(reason)) {
    return new FatalError('MR_STORE_DISK_FULL', { directory: location, reason }, { cause: error })
  }
  if (codes.includes('LEVEL_LOCKED')) {
    return new FatalError('MR_STORE_LOCKED', { directory: location, holder: 'another process' }, { cause: error })
  }
  const isMissing = mustExist && /does not exist|no such file/i.test(reason)
  if (isMissing || codes.includes('LEVEL_CORRUPTION') || /^corruption/i.test(reason)) {
    return new TaskCorruptedError('MR_STORE_CORRUPT', { store: location, reason }, { cause: error })
  }
  return new FatalError('MR_STORE_DIRECTORY', { directory: location, reason }, { cause: error })
}

interface Reason {
  readonly message: string
  readonly code: string | undefined
}

function chain(error: unknown): Reason[] {
  const reasons: Reason[] = []
  for (let at = error; at instanceof Error; at = at.cause) {
    reasons.push({ message: at.message, code: (at as { code?: string }).code })
  }
  return reasons.length > 0 ? reasons : [{ message: String(error), code: undefined }]
}
