// Reads valid JSON text closely, for what JSON.parse passes over in silence. It never returns a name or a value.

import { compareNumber } from 'lossless-json'

/** What is wrong with a text, and at which UTF-16 code unit of it. `detail` has no full stop: the place is added. */
export interface Flaw {
  at: number
  keyword: 'duplicate' | 'number' | 'name' | 'string'
  detail: string
  fix: string
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const space = 0x20
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** Names that reach into JavaScript's own objects. */
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype'])

/** The first flaw of a text that JSON.parse accepts; on any other text the result means nothing. */
export function findFlaw(text: string, stringLength: number): Flaw | undefined {
  /** For each open object the names it has so far; undefined for an array. */
  const open: (Set<string> | undefined)[] = []
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === quote) {
      const end = endOfString(text, i)
      const escaped = text.slice(i + 1, end)
      const content = escaped.includes('\\') ? (JSON.parse(text.slice(i, end + 1)) as string) : escaped
      const names = isName(text, end + 1) ? open.at(-1) : undefined
      const flaw = stringFlaw(content, i, stringLength) ?? (names && nameFlaw(content, i, names))
      if (flaw !== undefined) return flaw
      i = end
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, i)
      if (losesDigits(text.slice(i, end))) return numberFlaw(i)
      i = end - 1
    } else if (code === openBrace) open.push(new Set())
    else if (code === openBracket) open.push(undefined)
    else if (code === closeBrace || code === closeBracket) open.pop()
  }
  return undefined
}

function stringFlaw(content: string, at: number, stringLength: number): Flaw | undefined {
  if (content.length > stringLength) {
    const detail = `A string is longer than ${stringLength} UTF-16 code units`
    return { at, keyword: 'string', detail, fix: 'Shorten the string.' }
  }
  if (content.isWellFormed()) return undefined
  const fix = 'Write characters beyond U+FFFF as they are, or as both halves of their \\u pair.'
  return { at, keyword: 'string', detail: 'A string holds half of a surrogate pair', fix }
}

function nameFlaw(name: string, at: number, names: Set<string>): Flaw | undefined {
  if (forbiddenNames.has(name)) {
    const detail = 'A member has a name that is not allowed: __proto__, constructor or prototype'
    return { at, keyword: 'name', detail, fix: 'Rename the member.' }
  }
  if (names.has(name)) {
    const detail = 'An object has the same member name twice'
    return { at, keyword: 'duplicate', detail, fix: 'Send each member of an object once.' }
  }
  names.add(name)
  return undefined
}

function numberFlaw(at: number): Flaw {
  const detail = 'A number has more digits, or a larger exponent, than a double holds'
  return { at, keyword: 'number', detail, fix: 'Send the number as a string, or with fewer digits.' }
}

/** Whether a number's text has another decimal value than what JavaScript makes of it and writes again. */
function losesDigits(source: string): boolean {
  // Fifteen digits always fit into a double; an exponent needs a closer look.
  if (source.length <= 15 && !/e/i.test(source)) return false
  const value = Number(source)
  return !Number.isFinite(value) || compareNumber(source, String(value)) !== 0
}

function endOfString(text: string, at: number): number {
  let i = at + 1
  for (let code = text.charCodeAt(i); code !== quote; code = text.charCodeAt(i)) i += code === backslash ? 2 : 1
  return i
}

/** In valid JSON a number ends at a space, a comma, a bracket or the text's end. */
function endOfNumber(text: string, at: number): number {
  let i = at + 1
  let code = text.charCodeAt(i)
  while (code > space && code !== comma && code !== closeBracket && code !== closeBrace) code = text.charCodeAt(++i)
  return i
}

/** Whether the string that ends before `from` is a member's name: a colon follows. */
function isName(text: string, from: number): boolean {
  let i = from
  while (text.charCodeAt(i) <= space) i++
  return text.charCodeAt(i) === colon
}
