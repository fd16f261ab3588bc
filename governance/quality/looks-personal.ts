// Whether a text that is stored as it came looks like personal data: by its form alone.

export type SuspectKind = 'email' | 'phone' | 'iban' | 'card' | 'ip' | 'name'

const EMAIL = /^[^\s@]{1,64}@[^\s@.]{1,63}(?:\.[^\s@.]{1,63}){1,8}$/

export function looksPersonal(text: string): SuspectKind | undefined {
  return EMAIL.test(text.trim()) ? 'email' : undefined
}
