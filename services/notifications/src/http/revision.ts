export const revisionEtag = (revision: number): { readonly etag: string } => ({ etag: `"${revision}"` })
