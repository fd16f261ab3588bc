// Reads CSV (RFC 4180): records of cells, quoted or not, with the line on which each begins.

export interface CsvRecord {
  line: number
  cells: string[]
}

/** The records of a text. A line without content is no record. @throws SyntaxError with `line`, for broken quotes */
export function* readCsv(text: string): Generator<CsvRecord> {
  let line = 1
  let record: CsvRecord = { line, cells: [] }
  // A cell and what ends it: a comma, the end of a line, or the end of the text.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y
  const from = text.startsWith('\uFEFF') ? 1 : 0
  for (cell.lastIndex = from; ; ) {
    const match = cell.exec(text)
    if (!match) throw new CsvError(line)
    const [whole, quoted, plain, end] = match
    record.cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end !== ',') {
      if (record.cells.length > 1 || record.cells[0] !== '') yield record
      if (end === '') return
      record = { line, cells: [] }
    }
  }
}

export class CsvError extends SyntaxError {
  readonly line: number

  constructor(line: number) {
    super('a quote is not closed, or stands inside of a cell')
    this.line = line
  }
}
