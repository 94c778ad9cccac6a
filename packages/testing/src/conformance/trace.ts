/** Lines that the function library writes: peek, foreach, punctuators, processors. */
export class Trace {
  /** Index of the step that is running; −1 = building and starting, −2 = closing. */
  step = -1
  readonly lines: (readonly [step: number, line: string])[] = []

  add(line: string): void {
    this.lines.push([this.step, line])
  }
}
