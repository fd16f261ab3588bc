// A reference table: what is generally known of a value (a country's region), from a CSV file beside the policies. It
// says nothing about persons: whoever reads a group reads its columns.

import type { Report } from './diagnostic.ts'
import { CsvError, type CsvRecord, readCsv } from './read-csv.ts'
import type { FoundFile } from './source-file.ts'

export interface ReferenceTable {
  name: string
  file: string
  text: string
  /** Hex SHA-256 of the file's bytes. */
  sha256: string
  /** The first holds the keys. */
  columns: string[]
  /** By key, then by column. */
  rows: Map<string, Record<string, string>>
}

export const MAX_TABLE_BYTES = 1024 * 1024
const MAX_ROWS = 10_000
const MAX_COLUMNS = 32

/** The table in a file; undefined when an error was reported. */
export function readTable(name: string, found: FoundFile, report: Report): ReferenceTable | undefined {
  const { path: file, bytes, sha256 } = found
  const text = bytes.toString('utf8')
  const refuse = (line: number, message: string, fix: string) => {
    report.error({ file, line, column: 1 }, message, fix)
    return undefined
  }
  if (bytes.length > MAX_TABLE_BYTES) return refuse(1, 'the table is larger than 1 MiB.', 'Make it smaller.')
  if (text.includes('\uFFFD')) return refuse(1, 'the file is not UTF-8.', 'Save it in the encoding UTF-8.')
  let records: CsvRecord[]
  try {
    records = [...readCsv(text)]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    return refuse(error.line, `${error.message}.`, 'Put the cell in quotes, and write each quote in it twice.')
  }
  const [header, ...rest] = records
  if (!header) return refuse(1, 'the table is empty.', 'Write a line with the names of its columns first.')
  const columns = header.cells
  if (columns.length > MAX_COLUMNS)
    return refuse(header.line, `a table has ${MAX_COLUMNS} columns at most.`, 'Make it smaller.')
  const wrong = columns.find((column, i) => column === '' || columns.indexOf(column) < i)
  if (wrong !== undefined)
    return refuse(
      header.line,
      wrong === '' ? 'a column has no name.' : `two columns are called \`${wrong}\`.`,
      'Give each its own name.',
    )
  if (rest.length > MAX_ROWS)
    return refuse(rest[MAX_ROWS]!.line, `a table has ${MAX_ROWS} rows at most.`, 'Make it smaller.')
  const rows = readRows(columns, rest, refuse)
  return rows && { name, file, text, sha256, columns, rows }
}

function readRows(
  columns: string[],
  records: CsvRecord[],
  refuse: (line: number, message: string, fix: string) => undefined,
): ReferenceTable['rows'] | undefined {
  const rows: ReferenceTable['rows'] = new Map()
  for (const { line, cells } of records) {
    if (cells.length !== columns.length)
      return refuse(
        line,
        `this row has ${cells.length} cells, and the table ${columns.length} columns.`,
        'Write one cell for each column.',
      )
    const [key] = cells as [string]
    if (key === '') return refuse(line, 'this row has no key.', 'Write one in its first cell.')
    if (rows.has(key)) return refuse(line, `there are two rows for \`${key}\`.`, 'Keep one of the two.')
    rows.set(key, Object.fromEntries(columns.map((column, i) => [column, cells[i]!])))
  }
  return rows
}
