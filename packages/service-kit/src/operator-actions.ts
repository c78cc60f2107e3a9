import { machineRole } from '@tradewind/contracts/permissions'
import type { RouteContract } from '@tradewind/contracts/route'
import type { Caller } from './tokens.ts'

/** What somebody who is more than a customer asks for, as far as it may be written down: ids, codes and figures. */
export interface OperatorAction {
  readonly actor: { readonly kind: 'user' | 'client'; readonly id: string }
  readonly sessionId: string
  /** Method and path, as the contract names them. */
  readonly route: string
  readonly subject?: string
  readonly detail: Readonly<Record<string, string | number | boolean>>
}

/** Where a service writes down what operators do. */
export interface OperatorLog {
  /**
   * Resolves when it is durable that this is about to be done, so that nothing is done without a trace. What it gives is
   * told the status of the answer.
   */
  readonly begin: (action: OperatorAction) => Promise<(status: number) => Promise<void>>
}

interface Asked {
  readonly caller: Caller | undefined
  readonly params: unknown
  readonly body: unknown
}

/** The form of ids, codes and figures; a text of anything else is left out. */
const plain = /^[A-Za-z0-9_.:,/-]{1,64}$/
const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && plain.test(value))

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : []

/**
 * What is to be written down of a request: whatever changes something and is asked by somebody with more roles than
 * customers have, a machine included. Undefined for the rest.
 */
export function operatorActionOf(
  { method, path, schema }: RouteContract,
  { caller, params, body }: Asked,
): OperatorAction | undefined {
  if (method === 'GET' || caller === undefined || caller.roles.every((role) => role === 'customer')) return undefined
  const named = entriesOf(params)
  const wanted = entriesOf(body).filter(([name]) => schema.audited?.includes(name) === true)
  const [subject] = named.flatMap(([, value]) => (typeof value === 'string' && plain.test(value) ? [value] : []))
  return {
    actor: { kind: caller.roles.includes(machineRole) ? 'client' : 'user', id: caller.userId },
    sessionId: caller.sessionId,
    route: `${method} ${path}`,
    ...(subject !== undefined && { subject }),
    detail: Object.fromEntries(
      [...named, ...wanted].flatMap(([name, value]) => (isPlain(value) ? [[name, value] as const] : [])),
    ),
  }
}
