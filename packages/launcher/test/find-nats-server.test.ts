import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimPort } from '../src/claim-port.ts'
import { fetchNatsServer, fromRelease } from '../src/fetch-nats-server.ts'
import { findNatsServer } from '../src/find-nats-server.ts'
import { natsArchive } from '../src/nats-releases.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tradewind-find-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program that answers `--version` as nats-server does. */
function fakeServer(where: string, version: string, name = 'nats-server'): string {
  mkdirSync(join(folder, where), { recursive: true })
  const path = join(folder, where, name)
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`, { mode: 0o755 })
  return path
}

const find = (env: Record<string, string>) => findNatsServer({ env, cacheDir: join(folder, 'cache') })

describe('where nats-server is looked for', () => {
  it('takes the one that NATS_SERVER_BIN names, before any other', async () => {
    const path = fakeServer('named', '2.12.1', 'my-nats')
    fakeServer('bin', '2.10.0')
    const found = await find({ NATS_SERVER_BIN: path, PATH: join(folder, 'bin') })
    expect(found).toEqual({ path, version: '2.12.1', foundIn: 'NATS_SERVER_BIN' })
  })

  it('takes the one on PATH before the one in the cache', async () => {
    const path = fakeServer('bin', '2.10.0')
    fakeServer('cache', '2.9.10')
    expect(await find({ PATH: join(folder, 'bin') })).toEqual({ path, version: '2.10.0', foundIn: 'PATH' })
  })

  it('passes over a file on PATH that cannot be started', async () => {
    writeFileSync(fakeServer('bin', '2.10.0'), '', { mode: 0o644 })
    rmSync(join(folder, 'bin', 'nats-server'))
    writeFileSync(join(folder, 'bin', 'nats-server'), 'text', { mode: 0o644 })
    const path = fakeServer('cache', '2.9.10')
    expect(await find({ PATH: join(folder, 'bin') })).toEqual({ path, version: '2.9.10', foundIn: 'cache' })
  })
})

describe('the version of nats-server', () => {
  it.each(['2.9.0', '2.9.10', '2.10.22', '3.0.0', '2.12.0-RC.1'])('serves: %s', async (version) => {
    expect(await find({ NATS_SERVER_BIN: fakeServer('named', version) })).toMatchObject({ version })
  })

  it.each(['2.8.4', '1.4.1', '2.1.9'])('is refused: %s', async (version) => {
    const path = fakeServer('named', version)
    await expect(find({ NATS_SERVER_BIN: path })).rejects.toThrow(
      `${path} is nats-server ${version}; 2.9 or later is needed`,
    )
  })

  it('is asked of the program that was named, even when it is something else', async () => {
    await expect(find({ NATS_SERVER_BIN: '/bin/true' })).rejects.toThrow('that is not nats-server')
    await expect(find({ NATS_SERVER_BIN: '/nowhere/nats' })).rejects.toThrow('/nowhere/nats cannot be started')
  })
})

describe('the official release', () => {
  it.each([
    ['linux', 'x64', 'linux-amd64'],
    ['linux', 'arm64', 'linux-arm64'],
    ['darwin', 'x64', 'darwin-amd64'],
    ['darwin', 'arm64', 'darwin-arm64'],
  ])('for %s on %s is the archive %s', (platform, arch, key) => {
    const { url, sha256, member } = natsArchive(platform, arch)
    expect(url).toMatch(/^https:\/\/github\.com\/nats-io\/nats-server\/releases\/download\/v([\d.]+)\/nats-server-v\1-/)
    expect(url.endsWith(`-${key}.tar.gz`)).toBe(true)
    expect(member.endsWith(`-${key}/nats-server`)).toBe(true)
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is not guessed for other platforms', () => {
    expect(() => natsArchive('freebsd', 'x64')).toThrow('no release of nats-server is known for freebsd on x64')
  })
})

describe('fetching a release', () => {
  let server: Server
  let base: string
  let archive: Buffer
  beforeEach(async () => {
    fakeServer('nats-server-v2.11.8-test', '2.11.8')
    execFileSync('tar', ['-czf', join(folder, 'release.tar.gz'), '-C', folder, 'nats-server-v2.11.8-test'])
    archive = readFileSync(join(folder, 'release.tar.gz'))
    server = createServer((request, response) => {
      response.statusCode = request.url === '/release.tar.gz' ? 200 : 404
      response.end(archive)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  const member = 'nats-server-v2.11.8-test/nats-server'
  const work = () => mkdtempSync(join(folder, 'work-'))

  it('unpacks it when its checksum is the pinned one', async () => {
    const sha256 = createHash('sha256').update(archive).digest('hex')
    const path = await fromRelease({ url: `${base}/release.tar.gz`, sha256, member }, work())
    expect(await find({ NATS_SERVER_BIN: path })).toMatchObject({ version: '2.11.8' })
  })

  it('refuses an archive that was changed, and unpacks nothing', async () => {
    const into = work()
    const sha256 = createHash('sha256').update('the archive that was pinned').digest('hex')
    const fetching = fromRelease({ url: `${base}/release.tar.gz`, sha256, member }, into)
    await expect(fetching).rejects.toThrow(/has the checksum [0-9a-f]{64}, not the pinned [0-9a-f]{64}; it is not used/)
    expect(readdirSync(into)).toEqual([])
  })

  it('says what the server answered', async () => {
    const fetching = fromRelease({ url: `${base}/gone.tar.gz`, sha256: '', member }, work())
    await expect(fetching).rejects.toThrow(`${base}/gone.tar.gz answers 404`)
  })

  it('says when the server cannot be reached', async () => {
    const { port, release } = await claimPort()
    const fetching = fromRelease({ url: `http://127.0.0.1:${port}/release.tar.gz`, sha256: '', member }, work())
    await expect(fetching).rejects.toThrow(`cannot reach 127.0.0.1:${port}: connect ECONNREFUSED`)
    release()
  })
})

describe('fetching the package of a Debian-like system', () => {
  /** Stands in for apt-get and dpkg: `download` leaves a file, `-x` unpacks a program of the given version. */
  function fakeApt(version: string, downloads = true): string {
    const bin = join(folder, 'apt')
    mkdirSync(bin)
    const download = downloads
      ? 'touch nats-server_1_all.deb'
      : 'echo "E: Unable to locate package nats-server" >&2; exit 100'
    writeFileSync(
      join(bin, 'apt-get'),
      `#!/bin/sh\nfor word; do last=$previous; previous=$word; done\ncase "$*" in *" update") exit 0;; *" download nats-server") ${download};; esac\n`,
      { mode: 0o755 },
    )
    writeFileSync(
      join(bin, 'dpkg'),
      `#!/bin/sh\nmkdir -p "$3/usr/sbin"\nprintf '#!/bin/sh\\necho "nats-server: v${version}"\\n' > "$3/usr/sbin/nats-server"\nchmod +x "$3/usr/sbin/nats-server"\n`,
      { mode: 0o755 },
    )
    return `${bin}:/usr/bin:/bin`
  }

  const accept = async (path: string) => {
    if (execFileSync(path, { encoding: 'utf8' }).includes('v2.2')) throw new Error('too old')
  }
  const fetchWith = (path: string, onProgress: (line: string) => void = () => {}) =>
    fetchNatsServer(
      { cacheDir: join(folder, 'cache'), env: { PATH: path }, onProgress, releaseBase: 'http://127.0.0.1:1' },
      accept,
    )

  it('puts the program into the cache and leaves nothing else there', async () => {
    const lines: string[] = []
    const path = await fetchWith(fakeApt('2.9.10'), (line) => lines.push(line))
    expect(path).toBe(join(folder, 'cache', 'nats-server'))
    expect(readdirSync(join(folder, 'cache'))).toEqual(['nats-server'])
    expect(lines).toEqual(['fetching nats-server from the distribution’s package'])
  })

  it('may run several times at once', async () => {
    const path = fakeApt('2.9.10')
    const paths = await Promise.all([1, 2, 3].map(() => fetchWith(path)))
    expect(new Set(paths).size).toBe(1)
    expect(readdirSync(join(folder, 'cache'))).toEqual(['nats-server'])
  })

  it('names every source and its reason when none could serve', async () => {
    await expect(fetchWith(fakeApt('2.9.10', false))).rejects.toThrow(
      /^nats-server could not be fetched \(the distribution’s package: E: Unable to locate package nats-server; the official release: cannot reach .*\)\. Install it, or name it in NATS_SERVER_BIN\.$/,
    )
  })

  it('does not keep a package that is too old', async () => {
    await expect(fetchWith(fakeApt('2.2.0'))).rejects.toThrow('package: too old; the official release:')
    expect(readdirSync(join(folder, 'cache'))).toEqual([])
  })
})
