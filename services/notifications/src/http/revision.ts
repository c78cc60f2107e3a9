/** Never a revision, so that an If-Match that is not one of ours matches nothing. */
const noRevision = -1

/** The revision that a client expects to change; undefined when it does not say. */
export function revisionIn(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const revision = /^"(\d{1,15})"$/.exec(ifMatch)?.[1]
  return revision === undefined ? noRevision : Number(revision)
}

export const revisionEtag = (revision: number): { readonly etag: string } => ({ etag: `"${revision}"` })
