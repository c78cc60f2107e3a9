export interface FilterQuery {
  readonly q?: string
  readonly category?: string
  readonly attribute?: string | readonly string[]
  readonly minPrice?: string
  readonly maxPrice?: string
}

/** The filters of a query string, whose values the schema has checked. */
export const filterOf = ({ q, category, attribute = [], minPrice, maxPrice }: FilterQuery) => ({
  text: q,
  category,
  attributes: [attribute].flat().map(nameAndValue),
  minPriceMinor: minPrice === undefined ? undefined : Number(minPrice),
  maxPriceMinor: maxPrice === undefined ? undefined : Number(maxPrice),
})

/** `colour:red` */
function nameAndValue(attribute: string): [string, string] {
  const colon = attribute.indexOf(':')
  return [attribute.slice(0, colon), attribute.slice(colon + 1)]
}
