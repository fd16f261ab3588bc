// Patterns that run in linear time, whatever text they meet: only what RE2 can run is accepted. Plain patterns, whose
// backtracking is bounded, then run on the built-in engine, which is ten times faster; all others run on RE2.

import { RE2JS } from 're2js'

const MAX_PATTERN_LENGTH = 1_000
/** A plain pattern is tried in at most this many ways, at each character if a repetition is without end. */
const MAX_WAYS = 1_000
const MAX_WAYS_EACH = 64

export interface TextPattern {
  test(text: string): boolean
}

/**
 * Compiles a pattern of JSON Schema (ECMA-262 without look-around and back-references).
 * @throws Error when RE2 cannot run it
 */
export function linearPattern(source: string): TextPattern {
  if (source.length > MAX_PATTERN_LENGTH) throw new Error(`it is longer than ${MAX_PATTERN_LENGTH} characters`)
  const native = new RegExp(source, 'u')
  const re2 = RE2JS.compile(RE2JS.translateRegExp(source))
  return isPlain(source) ? native : re2
}

const ATOMS =
  /\[\^?(?:[^\\\]]|\\.)+\]|\\[dDwWsS]|\\[^0-9a-zA-Z]|\(\?:|[()|^$]|[*+?](?!\?)|\{\d+(?:,\d*)?\}(?!\?)|[^\\[\](){}*+?|^$]/gy

/**
 * Whether backtracking is bounded by the text's length times a constant: anchored at the beginning, at most one
 * repetition without end, no repetition of a group, and few ways to go.
 */
function isPlain(source: string): boolean {
  const atoms = source.match(ATOMS) ?? []
  if (atoms[0] !== '^' || atoms.join('') !== source) return false
  let ways = 1
  let endless = 0
  for (const [i, atom] of atoms.entries()) {
    const repetition = /^\{(\d+)(?:(,)(\d*))?\}$/.exec(atom)
    if (atom === '*' || atom === '+' || (repetition?.[2] && !repetition[3])) endless++
    else if (atom === '|' || atom === '?') ways *= 2
    else if (repetition?.[3]) ways *= Number(repetition[3]) - Number(repetition[1]) + 1
    const repeats = atom === '*' || atom === '+' || repetition
    if (repeats && atoms[i - 1] === ')') return false
  }
  return endless === 0 ? ways <= MAX_WAYS : endless === 1 && ways <= MAX_WAYS_EACH
}
