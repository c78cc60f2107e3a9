import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** CBOR (RFC 8949) as far as authenticators need it: integers, byte and text strings, maps. */
function cbor(value: CborValue): Buffer {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])])
}
type CborValue = number | string | Buffer | CborMap
interface CborMap extends ReadonlyMap<number | string, CborValue> {}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff])
}

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()
const base64url = (data: Buffer | string) => Buffer.from(data).toString('base64url')

export interface Asked {
  readonly challenge: string
  readonly origin?: string
  readonly rpId?: string
  readonly userVerified?: boolean
}

/** A device with one ES256 key, in software: what it says is what a real one would. */
export class Authenticator {
  readonly credentialId = randomBytes(32)
  counter = 0
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  #userHandle = ''

  #clientData = (type: string, { challenge, origin = 'https://shop.example' }: Asked) =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))

  #authenticatorData({ rpId = 'shop.example', userVerified = true }: Asked, attested = Buffer.alloc(0)): Buffer {
    const flags = 0x01 | (userVerified ? 0x04 : 0) | (attested.length > 0 ? 0x40 : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    return Buffer.concat([sha256(rpId), Buffer.from([flags]), counter, attested])
  }

  #coseKey(): Buffer {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' })
    return cbor(
      new Map<number, CborValue>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, Buffer.from(x, 'base64url')],
        [-3, Buffer.from(y, 'base64url')],
      ]),
    )
  }

  /** What navigator.credentials.create() yields, with attestation `none`. */
  register(asked: Asked, userHandle: string) {
    this.#userHandle = userHandle
    const length = Buffer.alloc(2)
    length.writeUInt16BE(this.credentialId.length)
    const attested = Buffer.concat([Buffer.alloc(16), length, this.credentialId, this.#coseKey()])
    const attestationObject = cbor(
      new Map<string, CborValue>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', this.#authenticatorData(asked, attested)],
      ]),
    )
    return this.#credential({
      clientDataJSON: base64url(this.#clientData('webauthn.create', asked)),
      attestationObject: base64url(attestationObject),
      transports: ['internal'],
    })
  }

  /** What navigator.credentials.get() yields. */
  assert(asked: Asked, userHandle = this.#userHandle) {
    this.counter += 1
    const clientData = this.#clientData('webauthn.get', asked)
    const authenticatorData = this.#authenticatorData(asked)
    const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientData)]), this.#keys.privateKey)
    return this.#credential({
      clientDataJSON: base64url(clientData),
      authenticatorData: base64url(authenticatorData),
      signature: base64url(signature),
      userHandle: base64url(userHandle),
    })
  }

  #credential = <T>(response: T) => ({
    id: base64url(this.credentialId),
    rawId: base64url(this.credentialId),
    type: 'public-key',
    clientExtensionResults: {},
    response,
  })
}
