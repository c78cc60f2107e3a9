/** A file that is not what it says, so that nothing of it is taken. */
export class BrokenFile extends Error {
  readonly code: string
  readonly row: number | undefined

  /** `code` is stable, `detail` is shown to whoever sent the file. */
  constructor(code: string, detail: string, row?: number) {
    super(detail)
    this.name = code
    this.code = code
    this.row = row
  }
}
