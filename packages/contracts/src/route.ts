import type { TObject, TSchema } from 'typebox'
import type { Permission } from './permissions.ts'

export type ServiceName = 'auth' | 'inventory' | 'orders' | 'payments' | 'notifications'

/** Who may call: anybody, anybody signed in for what is their own, or those with a permission. */
export type Access = 'public' | 'user' | Permission

/** The permission that a route asks for; undefined where being there, or being signed in, is enough. */
export const permissionFor = (access: Access): Permission | undefined =>
  access === 'public' || access === 'user' ? undefined : access

/** A body that is streamed and not parsed. For `multipart/form-data` it is the part named `file`. */
export interface UploadSchema {
  readonly mediaTypes: readonly string[]
  readonly maxBytes: number
  /** True when a body of several parts is streamed as it is, too, and not taken apart. */
  readonly isOpaque?: boolean
}

export interface RouteSchema {
  readonly summary: string
  readonly description?: string
  readonly params?: TObject
  readonly querystring?: TObject
  readonly headers?: TObject
  readonly body?: TObject
  readonly upload?: UploadSchema
  /** True when the body is a form (`application/x-www-form-urlencoded`) and errors have the form of RFC 6749, 5.2. */
  readonly form?: true
  /** True when everybody gets the same answer, so that the gateway keeps it for as long as its `Cache-Control` allows. */
  readonly shared?: true
  /** Set where it takes more than a token: whoever calls has shown who he is not long ago (RFC 9470). */
  readonly recent?: RecentSignIn
  /** Fields of the body that the audit log may hold when an operator asks: ids, codes and figures, never what somebody wrote. */
  readonly audited?: readonly string[]
  readonly response: Readonly<Record<number, TSchema>>
}

export interface RecentSignIn {
  readonly maxAgeSeconds: number
}

/** For what somebody who finds an unlocked screen must not be able to do. */
export const recentSignIn: RecentSignIn = { maxAgeSeconds: 600 }

export interface RouteContract<S extends RouteSchema = RouteSchema, A extends Access = Access> {
  readonly service: ServiceName
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Path with `:name` parameters, `/v1/orders/:id`. */
  readonly path: string
  readonly access: A
  readonly schema: S
}

/** Declares a route once: the service answers it, the gateway forwards it, the documentation shows it. */
export function defineRoute<const S extends RouteSchema, const A extends Access>(
  service: ServiceName,
  method: RouteContract['method'],
  path: string,
  access: A,
  schema: S,
): RouteContract<S, A> {
  return { service, method, path, access, schema }
}
