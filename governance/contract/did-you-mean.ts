// The nearest thing a word may have been meant to be.

import { distance } from 'fastest-levenshtein'

/** "Did you mean `x`? " when a candidate is near enough to be what was meant, else ''. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  let nearest: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase())
    if (steps < least && candidate !== word) [nearest, least] = [candidate, steps]
  }
  return nearest === undefined ? '' : `Did you mean \`${nearest}\`? `
}

/** At most 20 of the names, quoted: "`a`, `b` and 3 more". */
export function listed(names: Iterable<unknown>): string {
  const all = [...names].map(name => `\`${typeof name === 'string' ? name : JSON.stringify(name)}\``)
  return all.length > 20 ? `${all.slice(0, 20).join(', ')} and ${all.length - 20} more` : all.join(', ')
}
