/** Tokens and personal data are kept by no cache (RFC 6749, 5.1). */
export const noStore = { 'cache-control': 'no-store' }
