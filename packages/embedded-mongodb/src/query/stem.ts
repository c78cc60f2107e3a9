/** English words too common to search for. */
export const STOP_WORDS = new Set(
  `a about above after again against all am an and any are as at be because been before being below between both but by
  can did do does doing don down during each few for from further had has have having he her here hers herself him
  himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only or other
  our ours ourselves out over own s same she should so some such t than that the their theirs them themselves then there
  these they this those through to too under until up very was we were what when where which while who whom why will
  with you your yours yourself yourselves`.split(/\s+/),
)

const VOWEL = /[aeiouy]/

/** A light suffix stripper after Porter (1980), steps 1a to 1c: plurals, `-ed`, `-ing`, and `-y`. */
export function stem(word: string): string {
  if (word.length <= 2) return word
  return stemY(stemPast(stemPlural(word)))
}

function stemPlural(word: string): string {
  if (word.endsWith('sses')) return word.slice(0, -2)
  if (word.endsWith('ies')) return word.length > 4 ? word.slice(0, -2) : word.slice(0, -1)
  if (word.endsWith('s') && !/(?:ss|us)$/.test(word) && VOWEL.test(word.slice(0, -2))) return word.slice(0, -1)
  return word
}

function stemPast(word: string): string {
  for (const suffix of ['ing', 'ed']) {
    const root = word.slice(0, -suffix.length)
    if (!word.endsWith(suffix) || !VOWEL.test(root)) continue
    if (/(?:at|bl|iz)$/.test(root)) return `${root}e`
    if (/([^aeioulsz])\1$/.test(root)) return root.slice(0, -1)
    return /^[^aeiou]*[aeiouy][^aeiouwxy]$/.test(root) ? `${root}e` : root
  }
  return word
}

function stemY(word: string): string {
  return word.endsWith('y') && word.length > 2 && !VOWEL.test(word.at(-2) ?? '') ? `${word.slice(0, -1)}i` : word
}
