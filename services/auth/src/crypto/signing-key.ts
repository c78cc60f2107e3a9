import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'

/** What is kept of a signing key: the private half, from which all else follows. */
export interface StoredKey {
  readonly kid: string
  /** PKCS #8 in PEM. */
  readonly privatePem: string
}

/** A public key as it is published (RFC 8037). */
export interface PublicJwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly kid: string
  readonly alg: string
  readonly use: string
}

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly jwk: PublicJwk
}

/** A new Ed25519 key, named by its RFC 7638 thumbprint. */
export async function generateSigningKey(): Promise<StoredKey> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = await calculateJwkThumbprint(publicKey)
  return { kid, privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

export function openSigningKey({ kid, privatePem }: StoredKey): SigningKey {
  const privateKey = createPrivateKey(privatePem)
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined)
    throw new Error(`signing key ${kid} is not an Ed25519 key`)
  return { kid, privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' } }
}
