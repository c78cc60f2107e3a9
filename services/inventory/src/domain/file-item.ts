/** What is wrong with a row of a file. */
export interface RowFault {
  readonly row: number
  readonly pointer?: string
  readonly detail: string
  readonly code: string
}

/** What one line, or some rows that belong together, say; not judged yet. */
export interface FileItem {
  readonly firstRow: number
  readonly lastRow: number
  /** Rows that it is made of. */
  readonly rows: number
  /** Bytes of the file up to its end, roughly. */
  readonly readBytes: number
  /** What must not come twice in a file. */
  readonly key?: string
  readonly value: unknown
  /** What is wrong with it already. */
  readonly faults: readonly RowFault[]
  /** Where a JSON pointer into the value leads in the file. */
  readonly place: (pointer: string) => Pick<RowFault, 'row' | 'pointer'>
}

/** An item that has the shape it must have. */
export interface Entry<T> {
  readonly item: FileItem
  readonly value: T
}

interface Refusal {
  readonly code: string
  readonly message: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[] | undefined
}

/** The faults of an item that was refused as a whole, or for what its `errors` point at. */
export function faultsFor({ place, firstRow }: FileItem, { code, message, errors }: Refusal): RowFault[] {
  if (errors === undefined || errors.length === 0) return [{ row: firstRow, detail: message, code }]
  return errors.map(({ pointer, detail }) => ({ ...place(pointer), detail, code }))
}
