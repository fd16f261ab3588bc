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
 * Which of two patterns that match the same place is the more specific: positive for the first, 0 for a tie. Token by
 * token a name beats `*`, and `*` beats `**`; of two that are equal so far the longer one wins.
 */
export function compareSpecificity(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = rank(a[i]!) - rank(b[i]!)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

function rank(token: string): number {
  return token === '**' ? 0 : token === '*' ? 1 : 2
}
