/** Makes a failing input smaller: takes out runs of records, long ones first, as long as the case still fails. */

/**
 * @param fails whether an input still shows the fault
 * @returns an input from which no single item can be taken without losing the fault
 */
export async function shrink<T>(items: readonly T[], fails: (items: readonly T[]) => Promise<boolean>): Promise<T[]> {
  let best = [...items]
  for (let length = Math.ceil(best.length / 2); length >= 1;) {
    let isSmaller = false
    for (let at = 0; at + length <= best.length;) {
      const fewer = [...best.slice(0, at), ...best.slice(at + length)]
      if (await fails(fewer)) {
        best = fewer
        isSmaller = true
      } else {
        at += length
      }
    }
    if (length === 1 && !isSmaller) break
    length = Math.max(1, Math.floor(length / 2))
  }
  return best
}
