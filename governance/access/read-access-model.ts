// Checks Casbin's model file: it must be the model that the masks are compiled for, and nothing beside it.

import type { Report } from '../contract/diagnostic.ts'

const EFFECT = 'some(where (p.eft == allow)) && !some(where (p.eft == deny))'

/** The model, line by line. */
const MODEL = [
  '[request_definition]',
  'r = role, dataset, level, action',
  '[policy_definition]',
  'p = role, dataset, level, action, eft',
  '[policy_effect]',
  `e = ${EFFECT}`,
  '[matchers]',
  'm = r.role == p.role && (p.dataset == "*" || r.dataset == p.dataset) && (p.level == "*" || r.level == p.level) && (p.action == "*" || r.action == p.action)',
]

/** The model with half of its effect: what is allowed, whatever is denied; and what is not denied. */
export const allowModel = MODEL.join('\n').replace(EFFECT, 'some(where (p.eft == allow))')
export const denyModel = MODEL.join('\n').replace(EFFECT, '!some(where (p.eft == deny))')

/** Reports the first line that departs from the model, comments and white space aside. */
export function checkAccessModel(text: string, file: string, report: Report): void {
  const lines = text.split('\n').map((written, i) => ({ written, number: i + 1 }))
  const meant = lines.filter(({ written }) => !/^\s*([#;]|$)/.test(written))
  const at = meant.findIndex(({ written }, i) => squeezed(written) !== squeezed(MODEL[i] ?? ''))
  const wrong = meant[at]
  const expected = MODEL[wrong ? at : meant.length]
  if (wrong) {
    const column = wrong.written.search(/\S/) + 1
    const fix = expected === undefined ? 'Take it away.' : `Write: ${expected}`
    report.error({ file, line: wrong.number, column }, 'this is not the model that Écluse compiles.', fix)
  } else if (expected !== undefined)
    report.error({ file, line: lines.length, column: 1 }, 'the model ends too early.', `Add: ${expected}`)
}

function squeezed(line: string): string {
  return line.replaceAll(/\s/g, '')
}
