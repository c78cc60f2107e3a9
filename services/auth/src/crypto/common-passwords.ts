import { dictionary } from '@zxcvbn-ts/language-common'

/** The passwords that leaks hold most often, some 49,000, however their letters are spelled. */
const common: ReadonlySet<string> = new Set(dictionary['passwords-common'])

export const isCommonPassword = (password: string): boolean => common.has(password.toLowerCase())
