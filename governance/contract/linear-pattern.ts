// Patterns that run in linear time, whatever text they meet: only what RE2 can run is accepted, and RE2 runs it.

import { RE2JS } from 're2js'

const MAX_PATTERN_LENGTH = 1_000

export interface TextPattern {
  test(text: string): boolean
}

/**
 * Compiles a pattern of JSON Schema (ECMA-262 without look-around and back-references).
 * @throws Error when it is no regular expression, or one that RE2 cannot run
 */
export function linearPattern(source: string): TextPattern {
  if (source.length > MAX_PATTERN_LENGTH) throw new Error(`it is longer than ${MAX_PATTERN_LENGTH} characters`)
  new RegExp(source, 'u')
  return RE2JS.compile(RE2JS.translateRegExp(source))
}
