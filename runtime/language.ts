// The languages in which people read what Écluse tells them.

export const languages = ['en', 'fr'] as const
export type Language = (typeof languages)[number]

/** English, unless one of them was asked for. */
export function languageOf(asked: unknown): Language {
  return languages.find(language => language === asked) ?? 'en'
}
