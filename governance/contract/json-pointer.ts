// JSON Pointers (RFC 6901), and the patterns policies make of them: `*` is one token, `**` is one or more.

/** The tokens of a pointer; undefined when it is none. */
export function parsePointer(pointer: string): string[] | undefined {
  if (pointer === '') return []
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined
  return pointer
    .slice(1)
    .split('/')
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The pointer with these tokens. */
export function formatPointer(tokens: readonly (string | number)[]): string {
  return tokens.map(token => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Whether a pattern's tokens match a place's tokens, from beginning to end. */
export function matchesPattern(pattern: readonly string[], tokens: readonly string[]): boolean {
  return matchesFrom(pattern, 0, tokens, 0)
}

function matchesFrom(pattern: readonly string[], p: number, tokens: readonly string[], t: number): boolean {
  for (; p < pattern.length; p++, t++) {
    if (t >= tokens.length) return false
    if (pattern[p] === '**') {
      for (let end = t + 1; end <= tokens.length; end++) if (matchesFrom(pattern, p + 1, tokens, end)) return true
      return false
    }
    if (pattern[p] !== '*' && pattern[p] !== tokens[t]) return false
  }
  return t === tokens.length
}

/**
 * Which of two patterns is the more specific: positive for the first, 0 for a tie. The one with more names is; of two
 * with as many, the one whose places the other matches as well.
 */
export function compareSpecificity(a: readonly string[], b: readonly string[]): number {
  const difference = names(a) - names(b)
  return difference !== 0 ? difference : Number(covers(b, a)) - Number(covers(a, b))
}

function names(pattern: readonly string[]): number {
  return pattern.filter(token => token !== '*' && token !== '**').length
}

/** Whether all that the inner pattern matches is matched by the outer one. */
function covers(outer: readonly string[], inner: readonly string[]): boolean {
  const [first, ...rest] = outer
  if (first === undefined || inner.length === 0) return outer.length === inner.length
  if (first === '**') return covers(rest, inner.slice(1)) || covers(outer, inner.slice(1))
  return inner[0] !== '**' && (first === '*' || first === inner[0]) && covers(rest, inner.slice(1))
}

/** Of the rules that match a place, those that no other is more specific than: more than one is a tie. */
export function mostSpecific<Rule extends { tokens: string[] }>(rules: Rule[], place: readonly string[]): Rule[] {
  const matching = rules.filter(({ tokens }) => matchesPattern(tokens, place))
  return matching.filter(a => !matching.some(b => compareSpecificity(b.tokens, a.tokens) > 0))
}
