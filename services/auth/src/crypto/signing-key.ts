import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { Seal } from '@tradewind/service-kit/sealing'
import { calculateJwkThumbprint } from 'jose'

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

/** A new Ed25519 key, named by its RFC 7638 thumbprint, with its private half (PKCS #8) sealed. */
export async function generateSigningKey({ seal }: Seal): Promise<{ kid: string; sealedKey: string }> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = await calculateJwkThumbprint(publicKey)
  return { kid, sealedKey: seal(kid, privateKey.export({ type: 'pkcs8', format: 'der' })) }
}

/** Seals a key that was stored in the clear, as PEM. */
export const sealPem = ({ seal }: Seal, kid: string, pem: string): string =>
  seal(kid, createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' }))

/** Throws when the key was sealed with a key that is not configured any more, or is not Ed25519. */
export function openSigningKey({ open }: Seal, kid: string, sealedKey: string): SigningKey {
  const privateKey = createPrivateKey({ key: open(kid, sealedKey), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined)
    throw new Error(`signing key ${kid} is not an Ed25519 key`)
  return { kid, privateKey, jwk: { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' } }
}
