// Preloaded into every process of a run with a mutant: takes one guard out of the source as it is loaded.
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mutants } from './mutants.ts'

const name = process.env['TRADEWIND_MUTANT']
const mutant = mutants.find((one) => one.name === name)
if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
const { file, find, replace } = mutant
const target = pathToFileURL(join(resolve(import.meta.dirname, '../../..'), file)).href

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    if (url !== target) return loaded
    const { source: given = '' } = loaded
    const source = typeof given === 'string' ? given : new TextDecoder().decode(given)
    if (source.split(find).length !== 2) throw new Error(`the guard of ${name} does not stand once in ${file}`)
    return { ...loaded, source: source.replace(find, () => replace) }
  },
})
