// Tables as files for spreadsheets (RFC 4180). What a spreadsheet would take for a formula is made a text.

/** What a formula begins with (OWASP, CSV Injection), at the beginning of a cell or where another separator would begin one. */
const FORMULA = /(^|[;,\t\r\n])(?=[=+\-@\t\r\n＝＋－＠])/g

/** @param {(string | number | null | undefined)[][]} rows the heading first @returns {string} with CRLF, and a mark that it is UTF-8 */
export function csvOf(rows) {
  return `\ufeff${rows.map(cells => `${cells.map(cellOf).join()}\r\n`).join('')}`
}

/** Numbers stay numbers, with a point; texts are quoted. */
export function cellOf(value) {
  if (value === null || value === undefined) return ''
  if (typeof value === 'number') return String(value)
  return `"${String(value).replace(FORMULA, "$1'").replaceAll('"', '""')}"`
}

/** Hands a text to the reader as a file: made here, sent nowhere. */
export function saveAs(name, text) {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const anchor = document.createElement('a')
  anchor.href = url
  anchor.download = name
  anchor.click()
  // The browser has taken it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url))
}
