/** The command line of Millrace; the preset's `bin` hands it the concrete parts. */
export { type CliParts, runCommand } from './run-command.ts'
