// The texts of the pages, as readers of either language see them.

import type { Language } from '../runtime/language.ts'

type Texts = Record<string, [en: string, fr: string]>

const { texts } = (await import(new URL('../dashboard/texts/all.js', import.meta.url).href)) as { texts: Texts }

export { texts }

/** What a text says in a language. @throws Error for a key that there is none of */
export function textsIn(language: Language): (key: string) => string {
  return key => {
    const found = texts[key]
    if (!found) throw new Error(`the pages have no text ${key}`)
    return found[language === 'fr' ? 1 : 0]
  }
}
