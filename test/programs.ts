/** Programs taken from documents, in a folder of their own: what they need to be compiled, and the compiler over all of them. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const compiler = join(import.meta.dirname, '..', 'node_modules/typescript/bin/tsc')

/** A program and the name of its file. */
export interface WrittenProgram {
  readonly file: string
  readonly code: string
}

/**
 * Writes programs as modules into `folder`, which is emptied first and lies two levels below the root of the tests.
 *
 * @param options of the compiler, over those of the repository
 */
export function writePrograms(folder: string, programs: readonly WrittenProgram[], options: object = {}): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { file, code } of programs) writeFileSync(join(folder, file), `${code}\nexport {}\n`)
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      ...options,
    },
    include: ['*.ts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
}

/** What the compiler says of the programs in a folder: nothing and 0 when all are right. */
export function compilePrograms(folder: string): { readonly says: string; readonly status: number | null } {
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' })
  return { says: stdout, status }
}
