// Reads the rules of the access policy, and says of each that cannot mean anything where it is and what was meant: a
// misspelt denial would silently deny nothing.

import { levels } from '../classification/taxonomy.ts'
import type { Position, Report } from '../contract/diagnostic.ts'
import { didYouMean, listed } from '../contract/did-you-mean.ts'
import { DATASET_PATTERN } from '../contract/policy.ts'
import { accessActions, isFieldAction, isGlobalAction } from './access-action.ts'
import { roleNames } from './roles.ts'

/** The order of the columns, as Casbin has them after `p`. */
export type AccessRule = [role: string, dataset: string, level: string, action: string, effect: string]

/** More would make the first use of a dataset slow: every rule is asked for every right. */
export const MAX_RULES = 1_000
const MAX_PROBLEMS = 20
const COLUMNS = 'p, role, dataset, level, action, allow or deny'
const EFFECTS = ['allow', 'deny']
/** What Casbin's CSV reads as it stands: quotes and brackets have a meaning of their own there. */
const PLAIN = /^[\w*,\s-]*$/

interface Cell {
  text: string
  at: Position
}

/** The rules, in their order. */
export function readAccessPolicy(text: string, file: string, report: Report): AccessRule[] {
  const rules: AccessRule[] = []
  let problems = 0
  const error: Report['error'] = (...problem) => {
    problems++
    report.error(...problem)
  }
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const cells = cellsOf(line, file, i + 1)
    checkRule(line, cells, error)
    rules.push(cells.slice(1).map(cell => cell.text) as AccessRule)
    if (problems >= MAX_PROBLEMS) return rules
    if (rules.length <= MAX_RULES) continue
    report.error(cells[0]!.at, `there are more than ${MAX_RULES} rules.`, 'Use `*` for what is alike.')
    return rules
  }
  const start = { file, line: 1, column: 1 }
  if (rules.length === 0) report.error(start, 'no rule stands here: nobody would be allowed anything.', 'Add rules.')
  return rules
}

/** Warns of rules about datasets that are not declared: they have no effect, and a denial is missing somewhere. */
export function checkRuleDatasets(text: string, file: string, datasets: string[], report: Report): void {
  for (const [i, line] of text.split('\n').entries()) {
    const { text: name, at } = cellsOf(line, file, i + 1)[2] ?? { text: '*' }
    if (/^\s*#/.test(line) || name === '*' || datasets.includes(name)) continue
    report.warning(at!, `no dataset ${name} is declared.`, `${didYouMean(name, datasets)}Mend the name.`)
  }
}

function cellsOf(line: string, file: string, number: number): Cell[] {
  let offset = 0
  return line.split(',').map(cell => {
    const column = offset + Math.max(cell.search(/\S/), 0) + 1
    offset += cell.length + 1
    return { text: cell.trim(), at: { file, line: number, column } }
  })
}

function checkRule(line: string, cells: Cell[], error: Report['error']): void {
  const [kind, role, dataset, level, action, effect] = cells as [Cell, Cell, Cell, Cell, Cell, Cell]
  if (!PLAIN.test(line)) {
    error(kind.at, 'a rule holds letters, digits, hyphens and `*` alone.', `Write: ${COLUMNS}.`)
    return
  }
  if (kind.text !== 'p' || cells.length !== 6) {
    error(kind.at, 'this is no rule.', `Write: ${COLUMNS}. A comment has a line of its own, with # before it.`)
    return
  }
  expectOneOf(role, 'role', roleNames, error)
  expectOneOf(action, 'action', ['*', ...accessActions], error)
  expectOneOf(effect, 'effect', EFFECTS, error)
  if (dataset.text !== '*' && !new RegExp(DATASET_PATTERN).test(dataset.text))
    error(dataset.at, `\`${dataset.text}\` cannot be the name of a dataset.`, 'Write a dataset’s name, or `*` for all.')
  else if (dataset.text !== '*' && isGlobalAction(action.text))
    error(dataset.at, `\`${action.text}\` is about all datasets at once.`, 'Write `*` here.')
  checkLevel(level, action.text, error)
}

function checkLevel(level: Cell, action: string, error: Report['error']): void {
  expectOneOf(level, 'level', ['*', '-', ...levels], error)
  const isKnown = accessActions.some(known => known === action)
  if (isFieldAction(action) && level.text === '-')
    error(level.at, `\`${action}\` is allowed by level.`, `Write one of ${listed(levels)}, or \`*\` for all.`)
  else if (isKnown && !isFieldAction(action) && levels.some(known => known === level.text))
    error(level.at, `\`${action}\` has no level.`, 'Write `-` here.')
}

function expectOneOf({ text, at }: Cell, what: string, known: readonly string[], error: Report['error']): void {
  if (known.includes(text)) return
  error(at, `there is no ${what} \`${text}\`.`, `${didYouMean(text, known)}Known are ${listed(known)}.`)
}
