import { Readable } from 'node:stream'
import multipart, { type MultipartFile } from '@fastify/multipart'
import type { UploadSchema } from '@tradewind/contracts/route'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { limitBody } from './limited-body.ts'
import { InvalidInput } from './validation.ts'

/** A body as it arrives. It must be read to its end, or destroyed. */
export interface Upload {
  readonly stream: Readable
  /** As the client says; look at the bytes before you believe it. */
  readonly mediaType: string
}

const multipartType = 'multipart/form-data'
/** Parts of a multipart body beside the file. */
const maxFields = 8
const maxFieldBytes = 1024
const maxHeaderPairs = 32

/** Lets the routes of this scope take the upload's media types, and no others. */
export async function acceptUploads(
  scope: FastifyInstance,
  { mediaTypes, maxBytes, isOpaque = false }: UploadSchema,
): Promise<void> {
  scope.removeAllContentTypeParsers()
  const raw = mediaTypes.filter((type) => isOpaque || type !== multipartType)
  if (raw.length > 0) {
    scope.addContentTypeParser(raw, { bodyLimit: maxBytes }, async (_request: FastifyRequest, payload: Readable) =>
      limitBody(payload, maxBytes),
    )
  }
  if (isOpaque || !mediaTypes.includes(multipartType)) return
  await scope.register(multipart, {
    limits: {
      files: 1,
      fileSize: maxBytes + 1,
      fields: maxFields,
      fieldSize: maxFieldBytes,
      parts: maxFields + 1,
      headerPairs: maxHeaderPairs,
    },
  })
}

/** The upload of a request. Throws InvalidInput when there is none. */
export async function uploadOf(request: FastifyRequest, { mediaTypes, maxBytes }: UploadSchema): Promise<Upload> {
  const { body } = request
  if (body instanceof Readable) {
    return { stream: body, mediaType: request.headers['content-type']?.split(';', 1)[0]?.trim() ?? '' }
  }
  if (!mediaTypes.includes(multipartType)) throw InvalidInput({}, { errors: [{ pointer: '', detail: 'is required' }] })
  const part = await fileIn(request)
  if (part === undefined || part.fieldname !== 'file') {
    part?.file.resume()
    throw InvalidInput({}, { errors: [{ pointer: '/file', detail: 'is required' }] })
  }
  return { stream: limitBody(part.file, maxBytes, refusal), mediaType: part.mimetype }
}

/** The library says what is wrong with a form in plain errors, which would count as our own. */
const refusal = (cause: Error): Error =>
  'statusCode' in cause
    ? cause
    : InvalidInput({}, { cause, errors: [{ pointer: '', detail: 'is not a form of several parts' }] })

async function fileIn(request: FastifyRequest): Promise<MultipartFile | undefined> {
  if (!request.isMultipart()) return undefined
  try {
    return await request.file()
  } catch (error) {
    throw error instanceof Error ? refusal(error) : error
  }
}
