// What settings are made of: a default, a reading with its bounds, and a meaning.

import { refuseSecrets } from './store-url.ts'

export type Parse<T> = (text: string) => T

export interface Setting<T> {
  default: string
  parse: Parse<T>
  meaning: string
  secret?: true
}

export const text: Parse<string> = value => value

export const integer =
  (minimum: number, maximum: number): Parse<number> =>
  value => {
    const number = Number(value)
    if (!/^-?\d+$/.test(value) || number < minimum || number > maximum)
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`)
    return number
  }

export const oneOf =
  <const T extends string>(...choices: T[]): Parse<T> =>
  value => {
    if (!choices.includes(value as T)) throw new Error(`must be ${choices.join(' or ')}`)
    return value as T
  }

/** The embedded side by its scheme, or a server's URL, which never holds a secret. */
export const store =
  (embedded: 'sqlite:' | 'file:', ...schemes: string[]): Parse<string> =>
  value => {
    const beginnings = schemes.map(scheme => `${scheme}://`)
    if (value !== embedded && !beginnings.some(beginning => value.startsWith(beginning)))
      throw new Error(`must be ${embedded} or begin with ${beginnings.join(' or ')}`)
    return refuseSecrets(value)
  }

export const optional: Parse<string | undefined> = value => (value === '' ? undefined : value)

export const nonEmpty: Parse<string> = value => {
  if (value === '') throw new Error('must not be empty')
  return value
}

export function setting<T>(defaultText: string, parse: Parse<T>, meaning: string): Setting<T> {
  return { default: defaultText, parse, meaning }
}
