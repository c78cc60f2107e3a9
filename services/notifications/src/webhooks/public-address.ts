import { BlockList, isIPv4 } from 'node:net'

/** IANA's special-purpose registries: what is not for the public Internet, or leads to such an address in disguise. */
const specialIpv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]
/** Of IPv6 only this is for the public; loopback, mapped, translated, unique local, link-local and multicast lie outside. */
const publicIpv6: readonly [string, number] = ['2000::', 3]
const specialIpv6: readonly (readonly [string, number])[] = [
  // Protocol assignments, Teredo among them.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4 carries an IPv4 address.
  ['2002::', 16],
  ['3fff::', 20],
]

const refused = new BlockList()
for (const [network, prefix] of specialIpv4) refused.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of specialIpv6) refused.addSubnet(network, prefix, 'ipv6')
const allowedIpv6 = new BlockList()
allowedIpv6.addSubnet(...publicIpv6, 'ipv6')

/** True for an address that the public Internet routes. */
export const isPublicAddress = (address: string): boolean =>
  isIPv4(address)
    ? !refused.check(address, 'ipv4')
    : allowedIpv6.check(address, 'ipv6') && !refused.check(address, 'ipv6')
