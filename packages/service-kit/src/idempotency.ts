import { hash } from 'node:crypto'
import { defineError } from './errors.ts'

export const IdempotencyKeyReused = defineError(
  'IDEMPOTENCY_KEY_REUSED',
  'unprocessable',
  'This Idempotency-Key was used for another request. Take a new key for a new request.',
)

/** SHA-256 of a text, hexadecimal: what a key or a request is remembered as. */
export const fingerprint = (text: string): string => hash('sha256', text)

/** The answer to a repeated request says so. */
export const replayedHeaders = (replayed: boolean): { headers?: { 'idempotent-replayed': 'true' } } =>
  replayed ? { headers: { 'idempotent-replayed': 'true' } } : {}
