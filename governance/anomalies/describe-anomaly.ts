// What an anomaly says, in the reader's language. It is stored in English, with the numbers that make the sentence.

import type { Language } from '../../runtime/language.ts'
import type { StoredAnomaly } from '../../storage/stored-shapes.ts'
import type { Mismatch } from '../ledger/ledger-line.ts'
import { type Seen, sentences } from './anomaly-sentences.ts'
import type { MetricName } from './metrics-of.ts'

/** One sentence. What this version does not know is told as it is stored. */
export function describeAnomaly(
  { kind, pointer = '', evidence, detail }: Pick<StoredAnomaly, 'kind' | 'pointer' | 'evidence' | 'detail'>,
  language: Language,
): string {
  if (language === 'en') return detail
  const sentence = sentences[language][evidence?.metric as MetricName]
  if (sentence)
    return sentence({ about: '', ...(evidence as unknown as Omit<Seen, 'kind' | 'pointer' | 'about'>), kind, pointer })
  if (kind === 'conflict')
    return 'Un identifiant d’événement est revenu avec un autre contenu : la première copie garde son effet, celle-ci est mise à part.'
  if (kind === 'unreadable-record')
    return `Un enregistrement du journal a été laissé de côté. En anglais : « ${detail} »`
  if (kind === 'ledger-mismatch') return describeMismatches(evidence as unknown as MismatchEvidence, language)
  return detail
}

export interface MismatchEvidence {
  mismatches: Mismatch[]
  /** Of reception, RFC 3339. */
  line: { window: { start: string; end: string } }
}

export function describeMismatches({ mismatches, line: { window } }: MismatchEvidence, language: Language): string {
  const all = mismatches.map(mismatch => equations[language][mismatch.equation](mismatch)).join(separators[language])
  return language === 'fr'
    ? `De ce qui a été reçu du ${window.start} au ${window.end}, ${all}.`
    : `Of what was received from ${window.start} to ${window.end}, ${all}.`
}

const separators: Record<Language, string> = { en: '; ', fr: ' ; ' }

const equations: Record<Language, Record<Mismatch['equation'], (mismatch: Mismatch) => string>> = {
  en: {
    received: ({ expected, found }) => `${found} events were received, and ${expected} answered for`,
    accepted: ({ expected, found }) => `${expected} events were accepted, and ${found} came to the processors`,
    archive: ({ expected, found }) => `the archive should hold ${expected} events, and holds ${found}`,
  },
  fr: {
    received: ({ expected, found }) => `${found} événements ont été reçus, et ${expected} ont eu une réponse`,
    accepted: ({ expected, found }) =>
      `${expected} événements ont été acceptés, et ${found} sont parvenus aux processeurs`,
    archive: ({ expected, found }) => `l’archive devrait contenir ${expected} événements, et en contient ${found}`,
  },
}
