// What messages say, in each language: the same words as on the pages.

import type { AnomalyKind, Severity } from '../../governance/anomalies/anomaly-kinds.ts'
import type { Language } from '../../runtime/language.ts'

export interface Words {
  kinds: Record<AnomalyKind, string>
  severities: Record<Severity, string>
  /** Titles by a notice's kind; `what` is `3 anomalies`. */
  opened(what: string, where: string): string
  more(count: number, where: string): string
  repeated(what: string, where: string): string
  resolved(what: string, where: string): string
  test(route: string): string
  anomalies(count: number): string
  in(dataset: string | undefined): string
  over: string
  testing: string
  severity: string
  numbers(fresh: number, standing: number, all: number): string
  unwatched(count: number): string
  others(count: number): string
  /** In the place of a detail that may not leave the house. */
  withheld: string
  from(route: string): string
  /** What a test message says. */
  tested: string
  /** Before a colon. */
  colon: string
}

const en: Words = {
  kinds: {
    conflict: 'conflicting copy',
    'unreadable-record': 'unreadable record',
    'ledger-mismatch': 'ledger does not balance',
    missing: 'values missing',
    inconsistent: 'inconsistent values',
    'out-of-range': 'out of range',
    'clock-skew': 'clock ahead',
    burst: 'burst',
    silence: 'silence',
    'personal-data': 'personal data where none should be',
    'schema-drift': 'schema drift',
    'unusual-volume': 'unusual volume',
    'unusual-rejections': 'unusual rejections',
    'unusual-duplicates': 'unusual duplicates',
    'unusual-missing': 'unusually many missing',
    'unusual-values': 'unusual values',
    'unusual-delay': 'unusual delay',
    drift: 'values drift',
  },
  severities: { critical: 'critical', high: 'high', medium: 'medium', low: 'low' },
  opened: (what, where) => `${what} ${where}`,
  more: (count, where) => `${count} more ${count === 1 ? 'anomaly' : 'anomalies'} ${where}`,
  repeated: (what, where) => `still there: ${what} ${where}`,
  resolved: (what, where) => `over: ${what} ${where}`,
  test: route => `test of the route ${route}`,
  anomalies: count => `${count} ${count === 1 ? 'anomaly' : 'anomalies'}`,
  in: dataset => (dataset === undefined ? 'in several datasets' : `in ${dataset}`),
  over: 'resolved',
  testing: 'test',
  severity: 'Severity',
  numbers: (fresh, standing, all) => `New: ${fresh}. Not resolved: ${standing}. Told so far: ${all}.`,
  unwatched: count => `${count} of them were too many to be watched: the page shows what became of them.`,
  others: count => `and ${count} more`,
  withheld: 'what it is about is shown on the page alone',
  from: route => `Route ${route} of policies/alerts.yaml`,
  tested: 'This is a test, and nothing happened. Alerts of this route arrive here.',
  colon: ':',
}

const fr: Words = {
  kinds: {
    conflict: 'copie divergente',
    'unreadable-record': 'enregistrement illisible',
    'ledger-mismatch': 'comptes qui ne tombent pas juste',
    missing: 'valeurs manquantes',
    inconsistent: 'valeurs incohérentes',
    'out-of-range': 'hors limites',
    'clock-skew': 'horloge en avance',
    burst: 'afflux',
    silence: 'silence',
    'personal-data': 'données personnelles inattendues',
    'schema-drift': 'dérive du schéma',
    'unusual-volume': 'volume inhabituel',
    'unusual-rejections': 'rejets inhabituels',
    'unusual-duplicates': 'doublons inhabituels',
    'unusual-missing': 'absences inhabituelles',
    'unusual-values': 'valeurs inhabituelles',
    'unusual-delay': 'retard inhabituel',
    drift: 'dérive des valeurs',
  },
  severities: { critical: 'critique', high: 'élevée', medium: 'moyenne', low: 'faible' },
  opened: (what, where) => `${what} ${where}`,
  more: (count, where) => `${count} ${count === 1 ? 'nouvelle anomalie' : 'nouvelles anomalies'} ${where}`,
  repeated: (what, where) => `toujours là : ${what} ${where}`,
  resolved: (what, where) => `c’est fini : ${what} ${where}`,
  test: route => `essai de la route ${route}`,
  anomalies: count => `${count} ${count === 1 ? 'anomalie' : 'anomalies'}`,
  in: dataset => (dataset === undefined ? 'dans plusieurs jeux de données' : `dans ${dataset}`),
  over: 'résolue',
  testing: 'essai',
  severity: 'Gravité',
  numbers: (fresh, standing, all) => `Nouvelles : ${fresh}. Non résolues : ${standing}. Annoncées jusqu’ici : ${all}.`,
  unwatched: count =>
    `${count} d’entre elles étaient trop nombreuses pour être suivies : la page dit ce qu’elles sont devenues.`,
  others: count => `et ${count} de plus`,
  withheld: 'son objet ne se lit que sur la page',
  from: route => `Route ${route} de policies/alerts.yaml`,
  tested: 'Ceci est un essai, il ne s’est rien passé. Les alertes de cette route arrivent ici.',
  colon: ' :',
}

export const words: Record<Language, Words> = { en, fr }
