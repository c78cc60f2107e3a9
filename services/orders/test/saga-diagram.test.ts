import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { sagaTable } from '../src/domain/saga-table.ts'

const file = new URL('../../../docs/order-saga.md', import.meta.url)

const words = (text: string) => text.replaceAll(/[-_]/g, ' ')

function diagram(): string {
  const lines = ['stateDiagram-v2', '  [*] --> pending: placed']
  for (const [status, { on, tooLate, isCancellable, restsWith }] of Object.entries(sagaTable)) {
    for (const [fact, arrow] of Object.entries(on)) lines.push(`  ${status} --> ${arrow.to}: ${words(fact)}`)
    if (tooLate !== undefined) lines.push(`  ${status} --> ${tooLate.to}: too late`)
    if (isCancellable) lines.push(`  ${status} --> cancelled: cancelled by somebody`)
    if (restsWith !== undefined) lines.push(`  ${status} --> [*]`)
  }
  return lines.join('\n')
}

function table(): string {
  const rows = Object.entries(sagaTable).map(([status, { asks, tooLate, restsWith }]) => {
    const late = tooLate === undefined ? 'asks again' : `${tooLate.to} (${words(tooLate.reason ?? '')})`
    const parts = [
      restsWith?.stock && `stock ${restsWith.stock.join(' or ')}`,
      restsWith?.payment && `payment ${restsWith.payment.join(' or ')}`,
      'customer told',
    ]
    const rest = restsWith === undefined ? 'never here' : parts.filter(Boolean).join(', ')
    return `| ${status} | ${asks} | ${late} | ${rest} |`
  })
  return [
    '| Status | What it asks for | When no answer comes | Comes to rest with |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

const page = () => `# The saga of an order

Made from [saga-table.ts](../services/orders/src/domain/saga-table.ts), which is what runs. Facts that lead nowhere from
where the order is are noted, so that it is known when everything has been undone; a fact that is heard twice changes
nothing. An order that waits asks again after a while, so that a lost message delays it and never stops it.

From the confirmation on an order goes by what is shipped and delivered. What it asks for then (to take money for a shipment,
to give some back, to put units back on the shelf) are wishes with ids of their own, which it repeats until each was
answered, whatever its status. Where money is taken with each shipment, being captured is a matter of wishes, too.

\`\`\`mermaid
${diagram()}
\`\`\`

${table()}
`

test('the picture in the docs is the table that runs; UPDATE_DOCS=1 draws it again', async () => {
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(file, page())
  const unspaced = (text: string) => text.replaceAll(/[ -]+/g, ' ')
  expect(unspaced(await readFile(file, 'utf8'))).toBe(unspaced(page()))
})
