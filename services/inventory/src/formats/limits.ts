/** Rows of one file. */
export const maxRows = 1_000_000
/** Columns of a CSV file. */
export const maxColumns = 1000
/** Characters of one row of CSV: more than the largest variant has. */
export const maxRecordLength = 65_536
/** Bytes of one line of NDJSON: more than the largest product has. */
export const maxLineBytes = 4 * 1024 * 1024
/** Faults of one item that are told. */
export const maxFaults = 20
