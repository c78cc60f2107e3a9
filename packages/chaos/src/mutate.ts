// Preloaded into every process of a run with a mutant: takes one guard out of the source as it is loaded.
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mutants } from './mutants.ts'

const name = process.env['TRADEWIND_MUTANT']
const mutant = mutants.find((one) => one.name === name)
if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
const root = resolve(import.meta.dirname, '../../..')
const edits = new Map(
  [mutant, ...(mutant.behind === undefined ? [] : [mutant.behind])].map((edit) => [
    pathToFileURL(join(root, edit.file)).href,
    edit,
  ]),
)

registerHooks({
  load: (url, context, next) => {
    const loaded = next(url, context)
    const edit = edits.get(url)
    if (edit === undefined) return loaded
    const { file, find, replace } = edit
    const { source: given = '' } = loaded
    const source = typeof given === 'string' ? given : new TextDecoder().decode(given)
    if (source.split(find).length !== 2) throw new Error(`the guard of ${name} does not stand once in ${file}`)
    return { ...loaded, source: source.replace(find, () => replace) }
  },
})
