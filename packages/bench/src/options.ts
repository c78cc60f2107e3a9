/** Options of the command line; each bench names those that it takes. */
export const options = {
  clients: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  orders: { type: 'string', default: '6000' },
  replicas: { type: 'string', default: '1,2,4' },
  sizes: { type: 'string', default: '1000,100000' },
  large: { type: 'string', default: '1000000' },
  json: { type: 'string' },
  compare: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

export interface Values {
  readonly clients?: string | undefined
  readonly rounds: string
  readonly seconds: string
  readonly orders: string
  readonly replicas: string
  readonly sizes: string
  readonly large: string
}

export interface Bench {
  readonly name: string
  /** What is measured, and the options that it takes. */
  readonly help: string
  readonly run: (values: Values, onProgress: (line: string) => void) => Promise<Outcome>
}

export interface Outcome {
  /** As JSON. */
  readonly figures: unknown
  /** Tables, to read. */
  readonly text: string
  /** What must not be, in words; then the command fails. */
  readonly wrong?: readonly string[]
}
