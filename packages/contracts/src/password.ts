import { Type } from 'typebox'

/** NIST SP 800-63B: at least 8 characters, no composition rules, long passphrases welcome. */
export const NewPassword = Type.String({ minLength: 8, maxLength: 256 })
