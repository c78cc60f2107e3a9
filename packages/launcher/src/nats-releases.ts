/**
 * The official release that is fetched where the system has no package to offer. Checksums of the release archives as
 * published in its SHA256SUMS file; changing the version means changing every line.
 */
export const natsRelease = {
  version: '2.11.8',
  sha256: {
    'linux-amd64': '397a6deffb5533e160de0cca322bc3dcaec7fb7282d66a3dfa87a9c183152ad1',
    'linux-arm64': 'b08936cb1dc0ae7086137bda14c352df64397c4af45ed2b392705c19585aeb84',
    'darwin-amd64': '002c943c1ed39c55cc5e024debfc02685111fcb2b1cbd887aad39ac977037477',
    'darwin-arm64': '23e0c5354c2da385708946a21900c944fcb9a3bbfd02aae27a4ae750dea0b682',
  },
} as const

const officialBase = 'https://github.com/nats-io/nats-server/releases/download'

export interface NatsArchive {
  readonly url: string
  readonly sha256: string
  /** Path of the program inside the archive. */
  readonly member: string
}

/** Where the release for a platform lies, in Node's names for platform and architecture. Throws when there is none. */
export function natsArchive(platform: string, arch: string, base: string = officialBase): NatsArchive {
  const { version, sha256 } = natsRelease
  const key = `${platform}-${arch === 'x64' ? 'amd64' : arch}`
  const checksum = Object.entries(sha256).find(([name]) => name === key)?.[1]
  if (checksum === undefined) throw new Error(`no release of nats-server is known for ${platform} on ${arch}`)
  const folder = `nats-server-v${version}-${key}`
  return { url: `${base}/v${version}/${folder}.tar.gz`, sha256: checksum, member: `${folder}/nats-server` }
}
