/** Lets so many mails out at once. The others wait their turn, but not for ever and not in any number. */
export interface MailSlots {
  /** Throws when no slot was free in time, or the work took longer than `longestMs`; its slot is free when it really ended. */
  readonly run: (work: () => Promise<void>, longestMs: number) => Promise<void>
  /** Lets nobody wait any more: the process ends. What is out already comes to its end. */
  readonly stopWaiting: () => void
}

interface Limits {
  readonly atOnce: number
  readonly maxWaiting: number
  readonly longestWaitMs: number
}

const ended = () => new Error('the process ends')

export function createMailSlots({ atOnce, maxWaiting, longestWaitMs }: Limits): MailSlots {
  const waiting: PromiseWithResolvers<void>[] = []
  let busy = 0
  let isStopping = false

  async function enter(): Promise<void> {
    if (busy < atOnce) {
      busy += 1
      return
    }
    if (isStopping) throw ended()
    if (waiting.length >= maxWaiting) throw new Error('too many mails wait for the mail server')
    const turn = Promise.withResolvers<void>()
    waiting.push(turn)
    const timer = setTimeout(() => {
      const place = waiting.indexOf(turn)
      if (place !== -1) waiting.splice(place, 1)
      turn.reject(new Error('no connection to the mail server was free in time'))
    }, longestWaitMs)
    try {
      await turn.promise
    } finally {
      clearTimeout(timer)
    }
  }

  function leave(): void {
    const next = waiting.shift()
    if (next === undefined) busy -= 1
    // The slot goes over as it is.
    else next.resolve()
  }

  return {
    stopWaiting: () => {
      isStopping = true
      for (const turn of waiting.splice(0)) turn.reject(ended())
    },
    run: async (work, longestMs) => {
      await enter()
      const done = work().finally(leave)
      const tooLong = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => tooLong.reject(new Error(`the mail server took longer than ${longestMs} ms`)),
        longestMs,
      )
      try {
        await Promise.race([done, tooLong.promise])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
