import { demoCatalogue } from './demo-catalogue.ts'

export interface Whereabouts {
  readonly gatewayUrl: string
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly logDir: string
  readonly dataDir: string
  /** One line about the operator account. */
  readonly operator: string
}

/** What is printed when everything runs: addresses, folders, and lines to paste into a shell that has curl and node. */
export function whereEverythingIs(at: Whereabouts): string {
  const { gatewayUrl } = at
  const [sku = ''] = demoCatalogue.flatMap(({ variants }) => variants.map((variant) => variant.sku))
  const read = (expression: string) => `node -pe 'JSON.parse(require("fs").readFileSync(0)).${expression}'`
  const json = `-H 'content-type: application/json'`
  const account = `"{\\"email\\":\\"me-$(date +%s)@example.com\\",\\"password\\":\\"a long enough passphrase\\",\\"name\\":\\"Me\\"}"`
  return `
  gateway   ${gatewayUrl}
  docs      ${gatewayUrl}/docs
  operator  ${at.operator}
  database  ${at.mongodbUrl}
  broker    ${at.natsUrl}
  logs      ${at.logDir}
  data      ${at.dataDir}

Try it, line by line:

  curl -sw '\\n' '${gatewayUrl}/v1/products?limit=3&q=coffee'
  TOKEN=$(curl -s '${gatewayUrl}/v1/auth/register' ${json} -d ${account} | ${read('accessToken')})
  ORDER=$(curl -s '${gatewayUrl}/v1/orders' ${json} -H "authorization: Bearer $TOKEN" -H "idempotency-key: try-$(date +%s)" -H 'prefer: wait=5' -d '{"lines":[{"sku":"${sku}","quantity":1}],"paymentMethod":"pm_approve"}' | ${read('id')})
  curl -sw '\\n' "${gatewayUrl}/v1/orders/$ORDER" -H "authorization: Bearer $TOKEN"
  curl -sw '\\n' "${gatewayUrl}/v1/orders/$ORDER/timeline" -H "authorization: Bearer $TOKEN"
`
}
