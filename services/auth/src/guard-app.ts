import { newId } from '@tradewind/service-kit/ids'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { hashOfEntry } from './crypto/audit-chain.ts'
import { createDeviceTokens } from './crypto/device-tokens.ts'
import { createPseudonyms, type Pseudonyms } from './crypto/pseudonyms.ts'
import { type GuessLimits, signInPolicies } from './domain/throttle.ts'
import { exportAudit, listAudit, verifyAudit } from './http/audit.route.ts'
import type { AuditRepository } from './store/audit.repository.ts'
import type { KnownNetworks } from './store/known-networks.ts'
import type { Throttles } from './store/throttles.ts'
import { type GuardSignIn, makeGuardSignIn } from './use-cases/guard-sign-in.ts'
import { type Audit, makeAudit } from './use-cases/record-audit.ts'
import { makeSealAudit, type SealAudit } from './use-cases/seal-audit.ts'
import { makeVerifyAudit, type VerifyAudit } from './use-cases/verify-audit.ts'

export interface GuardOptions {
  readonly throttles: Throttles
  readonly knownNetworks: KnownNetworks
  readonly auditLog: AuditRepository
  /** What pseudonyms and device tokens are made with; the same for all replicas, and for ever. */
  readonly pseudonymKey: Buffer
  readonly limits: GuessLimits
  readonly now: () => Date
}

export interface Guard {
  readonly guard: GuardSignIn
  readonly audit: Audit
  readonly pseudonyms: Pseudonyms
  readonly sealAudit: SealAudit
  readonly verifyAudit: VerifyAudit
  readonly routes: readonly ImplementedRoute[]
}

/** Wires what holds up those who guess and writes down what was done. */
export function createGuard({ throttles, knownNetworks, auditLog, pseudonymKey, limits, now }: GuardOptions): Guard {
  const pseudonyms = createPseudonyms(pseudonymKey)
  const deviceTokens = createDeviceTokens(pseudonymKey)
  const verify = makeVerifyAudit({ auditLog, hashOfEntry })
  return {
    guard: makeGuardSignIn({ throttles, knownNetworks, pseudonyms, deviceTokens, policies: signInPolicies(limits) }),
    audit: makeAudit({ auditLog, pseudonyms, now, newId }),
    pseudonyms,
    sealAudit: makeSealAudit({ auditLog, hashOfEntry }),
    verifyAudit: verify,
    routes: [listAudit(auditLog), exportAudit(auditLog), verifyAudit(verify)],
  }
}
