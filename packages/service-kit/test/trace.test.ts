import { afterEach, describe, expect, test } from 'vitest'
import { collectSpans, currentTrace, currentTraceparent, runInSpan, type Span, sendInSpan } from '../src/trace.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentSpanId = '00f067aa0ba902b7'
const caller = `00-${traceId}-${parentSpanId}-00`
const about = () => ({ name: 'work', kind: 'consumer', attributes: {} }) as const
const neverAsked = () => {
  throw new Error('nobody collects spans')
}

const collected: Span[] = []
afterEach(() => {
  collectSpans(undefined)
  collected.length = 0
})

describe('while nobody collects spans', () => {
  test('work still belongs to its trace, and no span is described', async () => {
    expect(await runInSpan(caller, neverAsked, async () => currentTrace())).toMatchObject({
      traceparent: expect.stringMatching(`^00-${traceId}-(?!${parentSpanId})[0-9a-f]{16}-00$`),
      parentSpanId,
    })
  })

  test('what is sent carries the traceparent that it had', async () => {
    expect(await sendInSpan(caller, neverAsked, async (traceparent) => traceparent)).toBe(caller)
  })
})

describe('a span', () => {
  test('is reported when its work has ended, with the one it continues', async () => {
    collectSpans((span) => collected.push(span))
    const own = await runInSpan(caller, about, async () => currentTraceparent())
    expect(collected).toMatchObject([{ name: 'work', failed: false, trace: { traceparent: own, parentSpanId } }])
  })

  test('of work that fails says so, and the failure goes on', async () => {
    collectSpans((span) => collected.push(span))
    await expect(runInSpan(undefined, about, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(collected).toMatchObject([{ failed: true, trace: { traceparent: expect.stringMatching(/-01$/) } }])
    expect(collected[0]?.trace.parentSpanId).toBeUndefined()
  })

  test('of something sent is what the receiver continues', async () => {
    collectSpans((span) => collected.push(span))
    const sent = await sendInSpan(caller, about, async (traceparent) => traceparent)
    expect(collected).toMatchObject([{ trace: { traceparent: sent, parentSpanId } }])
  })

  test('is not made for what belongs to no trace', async () => {
    collectSpans((span) => collected.push(span))
    expect(await sendInSpan(undefined, about, async (traceparent) => traceparent)).toBeUndefined()
    expect(collected).toEqual([])
  })
})
