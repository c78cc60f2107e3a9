import { InvalidScope } from './oauth-errors.ts'

/** The scope that is given: what was asked for, or all that is allowed. Throws `InvalidScope` for more than that. */
export function givenScope(asked: string | undefined, allowed: readonly string[]): readonly string[] {
  if (asked === undefined) return allowed
  const names = [...new Set(asked.split(' ').filter((name) => name !== ''))]
  if (names.length === 0 || !names.every((name) => allowed.includes(name))) throw InvalidScope()
  return names
}
