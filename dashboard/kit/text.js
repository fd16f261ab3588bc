// Every text of the pages, by key, in the reader's language. Which language is remembered in this browser alone.

import { signal } from '@preact/signals'
import { texts } from '../texts/all.js'

export const languages = { en: 'English', fr: 'Français' }
const REMEMBERED = 'ecluse-language'

export const language = signal(firstLanguage())
document.documentElement.lang = language.value

function firstLanguage() {
  const known = [localStorage.getItem(REMEMBERED), ...navigator.languages].map(name => name?.slice(0, 2))
  return known.find(name => Object.hasOwn(languages, name)) ?? 'en'
}

/** How numbers and times are written: as the browser wants it of this language. */
export function locale() {
  const { value } = language
  return navigator.languages.find(name => name.startsWith(`${value}-`)) ?? (value === 'en' ? 'en-GB' : value)
}

/** @param {keyof typeof languages} name */
export function speak(name) {
  language.value = name
  localStorage.setItem(REMEMBERED, name)
  document.documentElement.lang = name
}

/**
 * The text of a key, with `{name}` replaced by what is given for it; the key itself where there is none, so that a word
 * of the API that is newer than the pages is still shown.
 */
export function t(key, given = {}) {
  const [en, fr] = texts[key] ?? [key, key]
  const text = language.value === 'fr' ? spaced(fr) : en
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in given ? String(given[name]) : whole))
}

/** French spaces before its signs, which no line may break at. */
function spaced(text) {
  return text.replace(/ (?=[:»])|(?<=«) /g, '\u00a0').replace(/ (?=[;?!])/g, '\u202f')
}

/** Of a word of the API under its family (`state` and `done`), or the word. */
export function word(family, name) {
  const key = `${family}.${name}`
  return Object.hasOwn(texts, key) ? t(key) : name
}
