/**
 * Hooks of Node's module loader: `?fault=NAME` on an import makes a second copy of it and of all that it imports from this
 * project, in which one file has the fault's text in place of its own. Runs on the loader's thread.
 */
import { readFileSync } from 'node:fs'
import type { LoadHook, ResolveHook } from 'node:module'
import { fileURLToPath } from 'node:url'
import { faults } from './faults.ts'

/** This module's own address, for `register`. */
export const hookUrl: string = import.meta.url

const marker = '?fault='
const packages = new URL('../../../', import.meta.url).href

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  const from = context.parentURL ?? ''
  const at = from.indexOf(marker)
  if (at < 0 || found.url.includes(marker) || !found.url.startsWith(packages)) return found
  return { ...found, url: found.url + from.slice(at) }
}

export const load: LoadHook = async (url, context, next) => {
  const at = url.indexOf(marker)
  if (at < 0 || !url.startsWith(packages)) return next(url, context)
  const name = decodeURIComponent(url.slice(at + marker.length))
  const fault = faults.find((one) => one.name === name)
  if (fault === undefined) throw new Error(`no fault is called ${name}`)
  const plain = url.slice(0, at)
  const source = readFileSync(fileURLToPath(plain), 'utf8')
  if (plain.slice(packages.length) !== fault.file) return { format: 'module', source, shortCircuit: true }
  const parts = source.split(fault.text)
  if (parts.length !== 2)
    throw new Error(`fault "${name}": its text is ${parts.length - 1} times in ${fault.file}; write it anew`)
  return { format: 'module', source: parts.join(fault.instead), shortCircuit: true }
}
