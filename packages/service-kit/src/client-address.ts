import { isIPv4 } from 'node:net'

/** Whom a server believes what it says of a client's address: nobody, so many hops before it, or these networks. */
export type TrustedProxies = false | number | readonly string[]

const entry = '(loopback|linklocal|uniquelocal|[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+(/[0-9]{1,3})?)'
export const trustedProxiesPattern = `^([1-9]|${entry}(,${entry})*)$`

/** Reads the setting TRUSTED_PROXIES: a number of hops from 1 to 9, or networks separated by commas. */
export function trustedProxiesIn(setting: string | undefined): TrustedProxies {
  if (setting === undefined) return false
  return /^[1-9]$/.test(setting) ? Number(setting) : setting.split(',')
}

/** Of an IPv6 address a customer has at least these many bits to himself (RFC 6177), so one that changes within them is the same. */
const ipv6Groups = 4

/**
 * Whose address it is, as far as limits are concerned: an IPv4 address itself, an IPv6 address by its first 64 bits
 * (`2001:db8:0:7::/64`), an IPv4 address that is written as IPv6 as what it is.
 */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  if (isIPv4(address) || !address.includes(':')) return address
  const [head = '', tail = ''] = address.toLowerCase().split('%', 1).join('').split('::', 2)
  const before = groupsOf(head)
  const after = groupsOf(tail)
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0')
  const groups = [...before, ...zeros, ...after].slice(0, ipv6Groups)
  return `${groups.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`
}

const groupsOf = (text: string): string[] => (text === '' ? [] : text.split(':'))
