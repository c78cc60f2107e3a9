import { randomBytes, randomUUID } from 'node:crypto'
import type { Collection, Db } from 'mongodb'
import { ProviderUnclear, WebhookForged, type WebhookHint } from './payment-provider.ts'
import type { SimulatorBehaviour, SimulatorStep } from './simulator-script.ts'
import { isSigned, signWebhook } from './webhook-signature.ts'

/** A webhook as it would come over HTTP. */
export interface SignedWebhook {
  readonly body: Buffer
  readonly signature: string
}

export interface SimulatorWebhooks {
  /** Keeps what is to be sent for a call. */
  readonly announce: (paymentId: string, step: SimulatorStep, kind: SimulatorBehaviour['webhook']) => Promise<void>
  /** Sends what is due, each once for every entry; what the receiver refuses is dropped. Returns how many it sent. */
  readonly deliver: (receive: (webhook: SignedWebhook) => Promise<unknown>) => Promise<number>
  readonly read: (body: Buffer, signature: string | undefined) => Promise<WebhookHint>
}

interface WaitingWebhook {
  readonly _id: string
  readonly body: string
  readonly isForged: boolean
  readonly sendAt: Date
}

interface Secret {
  readonly _id: 'webhook_secret'
  readonly secret: string
}

const lateMs = 60_000
/** Long enough for those of later calls to overtake it. */
const reversedMs = 2_000
/** When one that was not taken is sent again. */
const againMs = 5_000
const batch = 50

/** The simulated provider's webhooks wait in the database until they are due; its secret is made once and lives there, too. */
export function createSimulatorWebhooks(db: Db, now: () => Date): SimulatorWebhooks {
  const waiting: Collection<WaitingWebhook> = db.collection('simulator_webhooks')
  const settings: Collection<Secret> = db.collection('simulator_settings')
  let secret: string | undefined

  async function ownSecret(): Promise<string> {
    if (secret !== undefined) return secret
    const fresh = { secret: randomBytes(32).toString('base64') }
    await settings.updateOne({ _id: 'webhook_secret' }, { $setOnInsert: fresh }, { upsert: true })
    const stored = await settings.findOne({ _id: 'webhook_secret' })
    if (stored === null) throw new Error('the secret of the simulated webhooks is gone')
    secret = stored.secret
    return secret
  }

  async function announce(paymentId: string, step: SimulatorStep, kind: SimulatorBehaviour['webhook']): Promise<void> {
    if (kind === 'none') return
    const eventId = `evt_${randomUUID().replaceAll('-', '')}`
    const body = JSON.stringify({ id: eventId, type: `charge.${step}`, paymentId })
    const delayMs = kind === 'late' ? lateMs : kind === 'reversed' ? reversedMs : 0
    const sendAt = new Date(now().getTime() + delayMs)
    const copies = kind === 'twice' ? 2 : 1
    await waiting.insertMany(
      Array.from({ length: copies }, (_, copy) => ({
        _id: `${eventId}_${copy}`,
        body,
        isForged: kind === 'forged',
        sendAt,
      })),
    )
  }

  return {
    announce,
    deliver: async (receive) => {
      const due = await waiting
        .find({ sendAt: { $lte: now() } })
        .sort({ sendAt: 1 })
        .limit(batch)
        .toArray()
      for (const { _id, body, isForged } of due) {
        const bytes = Buffer.from(body)
        const key = isForged ? randomBytes(32).toString('base64') : await ownSecret()
        try {
          await receive({ body: bytes, signature: signWebhook(bytes, key, now()) })
        } catch (error) {
          if (ProviderUnclear.is(error)) {
            // The receiver asks for it again, as it does of a real provider by answering 503.
            await waiting.updateOne({ _id }, { $set: { sendAt: new Date(now().getTime() + againMs) } })
            continue
          }
          if (!WebhookForged.is(error)) throw error
        }
        await waiting.deleteOne({ _id })
      }
      return due.length
    },
    read: async (body, signature) => {
      if (!isSigned(body, signature, await ownSecret(), now())) throw WebhookForged()
      return hintIn(body)
    },
  }
}

function hintIn(body: Buffer): WebhookHint {
  const event: unknown = JSON.parse(body.toString())
  if (typeof event !== 'object' || event === null || !('id' in event) || !('paymentId' in event)) throw WebhookForged()
  return { eventId: String(event.id), paymentId: String(event.paymentId) }
}
