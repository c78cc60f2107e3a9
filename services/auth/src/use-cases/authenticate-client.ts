import type { ClientAssertions } from '../crypto/client-assertions.ts'
import type { Secrets } from '../crypto/secrets.ts'
import type { Client } from '../domain/client.ts'
import { InvalidClient, InvalidRequest } from '../domain/oauth-errors.ts'
import type { ClientRepository } from '../store/client.repository.ts'
import type { AssertionRegister } from '../store/client-assertion.register.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'

/** How a client proves who it is, from the Authorization header or the body. */
export interface ClientProof {
  readonly clientId?: string | undefined
  readonly secret?: string | undefined
  readonly assertion?: string | undefined
}

export type AuthenticateClient = (proof: ClientProof, origin: Origin) => Promise<Client>

interface Ports {
  readonly clients: ClientRepository
  readonly assertions: AssertionRegister
  readonly clientAssertions: ClientAssertions
  readonly secrets: Secrets
  readonly guard: GuardSignIn
  readonly audit: Audit
}

/** Of nobody, so that an unknown client costs the same work as a wrong secret. */
const nobodysHash = 'A'.repeat(43)

/**
 * Who a client is: a machine by its secret or an assertion of its key, an app by its name alone, since it can keep no secret
 * and proves itself with PKCE. Throws `InvalidClient`, `InvalidRequest` and `TooManyAttempts`.
 */
export const makeAuthenticateClient = ({
  clients,
  assertions,
  clientAssertions,
  secrets,
  guard,
  audit,
}: Ports): AuthenticateClient => {
  async function isProved(client: Client, { secret, assertion }: ClientProof): Promise<boolean> {
    if (assertion !== undefined) {
      const verified = await clientAssertions.verify(client, assertion)
      return verified !== undefined && (await assertions.claim(client.id, verified.jti, verified.expiresAt))
    }
    if (client.kind === 'app') return secret === undefined
    return secret !== undefined && secrets.matches(secret, client.secretHash ?? nobodysHash)
  }

  async function refuse(claimed: Client | undefined, origin: Origin): Promise<never> {
    await audit.record({ action: 'client.refused', actor: { kind: 'nobody' }, subject: claimed?.id, origin })
    throw InvalidClient()
  }

  async function authenticate(proof: ClientProof, origin: Origin): Promise<Client> {
    const { clientId, secret, assertion } = proof
    if (secret !== undefined && assertion !== undefined) throw InvalidRequest()
    const claimed = clientId ?? (assertion === undefined ? undefined : clientAssertions.issuerOf(assertion))
    if (claimed === undefined) throw InvalidClient()
    const client = await clients.find(claimed)
    if (client === undefined || !client.active || !(await isProved(client, proof))) return await refuse(client, origin)
    return client
  }

  // By network alone: nobody guesses 256 random bits, and a budget of the client would let strangers lock it out.
  return (proof, origin) => guard.trySecret(origin, InvalidClient.is, () => authenticate(proof, origin))
}
