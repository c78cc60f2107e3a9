import {
  getTemplateRoute,
  getTemplateVersionRoute,
  listTemplatesRoute,
  type MailTemplate,
  previewTemplateRoute,
  publishTemplateRoute,
} from '@tradewind/contracts/notifications'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import type { TemplateVersion } from '../domain/mail-template.ts'
import type { ListTemplates } from '../use-cases/list-templates.ts'
import type { PreviewMail } from '../use-cases/preview-mail.ts'
import type { PublishTemplate } from '../use-cases/publish-template.ts'
import type { TemplateBook } from '../use-cases/template-book.ts'
import { revisionEtag } from './revision.ts'

function present({ publishedAt, publishedBy, ...template }: TemplateVersion): MailTemplate {
  return {
    ...template,
    ...(publishedAt !== undefined && { publishedAt: publishedAt.toISOString() }),
    ...(publishedBy !== undefined && { publishedBy }),
  }
}

const listTemplates = (list: ListTemplates) =>
  implementRoute(listTemplatesRoute, async () => ({ status: 200, body: { items: await list() } }))

const getTemplate = (book: TemplateBook) =>
  implementRoute(getTemplateRoute, async ({ params: { template, locale } }) => {
    const found = await book.newest(template, locale)
    return { status: 200, body: present(found), headers: revisionEtag(found.version) }
  })

const getVersion = (book: TemplateBook) =>
  implementRoute(getTemplateVersionRoute, async ({ params: { template, locale, version } }) => ({
    status: 200,
    body: present(await book.version(template, locale, Number(version))),
  }))

const putTemplate = (publish: PublishTemplate) =>
  implementRoute(publishTemplateRoute, async ({ params, headers, body, caller }) => {
    const expected = expectedVersion(headers['if-match'])
    const published = await publish({ ...params, words: body, expected, userId: caller.userId })
    return { status: 200, body: present(published), headers: revisionEtag(published.version) }
  })

const previewTemplate = (preview: PreviewMail) =>
  implementRoute(previewTemplateRoute, async ({ params, body: { draft, orderId } }) => ({
    status: 200,
    body: await preview({ ...params, draft, orderId }),
  }))

interface TemplateParts {
  readonly list: ListTemplates
  readonly book: TemplateBook
  readonly publish: PublishTemplate
  readonly preview: PreviewMail
}

export const templateRoutes = ({ list, book, publish, preview }: TemplateParts): ImplementedRoute[] => [
  listTemplates(list),
  getTemplate(book),
  getVersion(book),
  putTemplate(publish),
  previewTemplate(preview),
]
