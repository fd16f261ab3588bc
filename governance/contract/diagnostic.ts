// What `ecluse check` says: one problem in one place of one file, what was probably meant, and how to mend it.

export interface Position {
  /** Path of the file as it was named to the loader. */
  file: string
  /** 1-based; 1:1 when the problem is the whole file's. */
  line: number
  column: number
  /** Where inside of what is named at this position: `registry version 3 of x-value, at /properties/y`. */
  within?: string
}

export interface Diagnostic extends Omit<Position, 'within'> {
  severity: 'error' | 'warning'
  /** The dataset the problem belongs to, when it is known. */
  dataset?: string
  /** What is wrong, in one sentence, naming the key, pointer or rule. Never a value of an event. */
  message: string
  /** How to mend it: a full sentence. Did-you-mean suggestions stand here. */
  fix: string
}

/** Where the checks put what they find. */
export interface Report {
  error(at: Position, message: string, fix: string): void
  warning(at: Position, message: string, fix: string): void
}

/** A report that appends to `diagnostics`, each problem once, however many schema versions have it. */
export function reportInto(diagnostics: Diagnostic[], dataset?: string): Report {
  const seen = new Set<string>()
  const add = (severity: Diagnostic['severity'], { within, ...at }: Position, problem: string, fix: string) => {
    const message = within === undefined ? problem : `${within}: ${problem}`
    const key = JSON.stringify([at.file, at.line, at.column, message])
    if (seen.has(key)) return
    seen.add(key)
    diagnostics.push({ ...at, severity, ...(dataset !== undefined && { dataset }), message, fix })
  }
  return {
    error: (at, message, fix) => add('error', at, message, fix),
    warning: (at, message, fix) => add('warning', at, message, fix),
  }
}

/** `policies/transactions.yaml:17:3`, and what stands there in the registry, if it does. */
export function formatPosition({ file, line, column, within }: Position): string {
  return `${file}:${line}:${column}${within === undefined ? '' : `, ${within}`}`
}

/** `policies/transactions.yaml:17:3: error: … Fix: …` */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  return `${formatPosition(diagnostic)}: ${diagnostic.severity}: ${diagnostic.message} Fix: ${diagnostic.fix}`
}
