/** The one spelling under which an address is stored and found, so that nobody registers the same mailbox twice. */
export const normaliseEmail = (email: string): string => email.normalize('NFKC').trim().toLowerCase()
