/** Rows as text columns, numbers to the right, ready to print. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[], isHead: boolean) =>
    row
      .map((cell, column) =>
        isHead || !/^[\d.,+-]/.test(cell) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const [first = [], ...rest] = cells
  return [
    line(first, true),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rest.map((row) => line(row, false)),
  ].join('\n')
}
