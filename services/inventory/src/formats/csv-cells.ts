/**
 * A spreadsheet runs what begins like a formula (OWASP, CSV injection). Such text gets an apostrophe in front, and so does
 * text that would look as if it had got one, so that taking it away again gives exactly what was there.
 */
const looksLikeFormula = /^'*[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/
const isNeutralised = /^'+[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

export const neutralised = (text: string): string => (looksLikeFormula.test(text) ? `'${text}` : text)

export const asWritten = (cell: string): string => (isNeutralised.test(cell) ? cell.slice(1) : cell)

const integer = /^-?(0|[1-9]\d{0,15})$/

/** The number that a cell holds; text that is none stays what it is, for the schema to refuse. */
export const numberIn = (cell: string): number | string => (integer.test(cell) ? Number(cell) : cell)
