// The record of processing activities as a page that people read: Markdown or HTML, in English or French.

import type { Language } from '../../runtime/language.ts'
import type { DataCategory, ProcessingActivity } from './processing-record.ts'

interface Words {
  heading: string
  intro: string
  labels: Record<
    | 'controller'
    | 'steward'
    | 'purpose'
    | 'legalBasis'
    | 'subjects'
    | 'statistics'
    | 'recipients'
    | 'transfers'
    | 'retention'
    | 'review',
    string
  >
  columns: [category: string, level: string, fields: string, measures: string]
  stores: Record<keyof ProcessingActivity['retention'], string>
  bases: Record<ProcessingActivity['legalBasis'], string>
  measures: Record<DataCategory['measures'][number], string>
  levels: Record<DataCategory['level'], string>
  unknownTransfers: string
  noRecipients: string
  noStatistics: string
  statistic: (name: string, fields: string, k: number, kept: string) => string
  nobody: string
  noCategory: string
  noReview: string
  reviewed: (last: string, every: string) => string
  days: (count: string) => string
  hours: (count: string) => string
}

const en: Words = {
  heading: 'Record of processing activities',
  intro:
    'GDPR article 30, printed by `ecluse records` from the policies. What they do not say (contact of the data protection officer, transfers to third countries, measures outside Écluse) has to be added by hand.',
  labels: {
    controller: 'Responsible',
    steward: 'Looked after by',
    purpose: 'Purpose',
    legalBasis: 'Legal basis (art. 6)',
    subjects: 'Categories of persons',
    statistics: 'Statistics derived',
    recipients: 'Recipients',
    transfers: 'Transfers to third countries',
    retention: 'Erased, counted from reception',
    review: 'Policy reviewed',
  },
  columns: ['Category of data', 'Level', 'Fields', 'Technical measure before storage'],
  stores: { log: 'event log', events: 'archive', quarantine: 'rejected events', lake: 'lake' },
  bases: {
    consent: 'consent',
    contract: 'contract',
    'legal-obligation': 'legal obligation',
    'vital-interests': 'vital interests',
    'public-task': 'task in the public interest',
    'legitimate-interests': 'legitimate interests',
  },
  measures: {
    keep: 'kept as it is',
    mask: 'masked',
    generalise: 'made coarser',
    pseudonymise: 'replaced by a token',
    encrypt: 'encrypted under a key of the person',
    redact: 'emptied',
    drop: 'not stored',
    reject: 'events that hold it are refused',
  },
  levels: { public: 'public', internal: 'internal', confidential: 'confidential', restricted: 'restricted' },
  unknownTransfers: 'not known to Écluse: add them by hand',
  noRecipients: 'none named in the policy',
  noStatistics: 'none',
  statistic: (name, fields, k, kept) =>
    `${name} (from ${fields || 'the number of events'}; ${k > 1 ? `groups of ${k} persons or more` : k === 1 ? 'groups may be single persons' : 'about nobody'}; kept ${kept})`,
  nobody: 'nobody',
  noCategory: '(none given)',
  noReview: 'nobody has said when',
  reviewed: (last, every) => `${last}, due every ${every}`,
  days: count => `${count} days`,
  hours: count => `${count} hours`,
}

const fr: Words = {
  heading: 'Registre des activités de traitement',
  intro:
    'Article 30 du RGPD, établi par `ecluse records` à partir des politiques. Ce qu’elles ne disent pas (coordonnées du délégué à la protection des données, transferts vers des pays tiers, mesures prises hors d’Écluse) est à ajouter à la main.',
  labels: {
    controller: 'Responsable',
    steward: 'Suivi par',
    purpose: 'Finalité',
    legalBasis: 'Base légale (art. 6)',
    subjects: 'Catégories de personnes',
    statistics: 'Statistiques dérivées',
    recipients: 'Destinataires',
    transfers: 'Transferts vers des pays tiers',
    retention: 'Effacement, à compter de la réception',
    review: 'Politique revue',
  },
  columns: ['Catégorie de données', 'Niveau', 'Champs', 'Mesure technique avant stockage'],
  stores: { log: 'journal des événements', events: 'archive', quarantine: 'événements rejetés', lake: 'lac' },
  bases: {
    consent: 'consentement',
    contract: 'contrat',
    'legal-obligation': 'obligation légale',
    'vital-interests': 'intérêts vitaux',
    'public-task': 'mission d’intérêt public',
    'legitimate-interests': 'intérêts légitimes',
  },
  measures: {
    keep: 'conservé tel quel',
    mask: 'masqué',
    generalise: 'rendu moins précis',
    pseudonymise: 'remplacé par un jeton',
    encrypt: 'chiffré sous une clé propre à la personne',
    redact: 'vidé',
    drop: 'non stocké',
    reject: 'les événements qui le contiennent sont refusés',
  },
  levels: { public: 'public', internal: 'interne', confidential: 'confidentiel', restricted: 'restreint' },
  unknownTransfers: 'inconnus d’Écluse : à ajouter à la main',
  noRecipients: 'la politique n’en nomme aucun',
  noStatistics: 'aucune',
  statistic: (name, fields, k, kept) =>
    `${name} (à partir ${fields ? `de ${fields}` : 'du nombre d’événements'} ; ${k > 1 ? `groupes d’au moins ${k} personnes` : k === 1 ? 'un groupe peut être une seule personne' : 'ne concerne personne'} ; conservée ${kept})`,
  nobody: 'aucune',
  noCategory: '(non précisée)',
  noReview: 'personne n’a dit quand',
  reviewed: (last, every) => `${last}, à revoir tous les ${every}`,
  days: count => `${count} jours`,
  hours: count => `${count} heures`,
}

const words: Record<Language, Words> = { en, fr }

export function printMarkdown(activities: ProcessingActivity[], language: Language): string {
  const w = words[language]
  const sections = activities.flatMap(activity => [
    `## ${plain(titleOf(activity))}`,
    linesOf(activity, w)
      .map(([label, text]) => `- **${label}**: ${plain(text)}`)
      .join('\n'),
    [w.columns, w.columns.map(() => '---'), ...rowsOf(activity, w).map(cells => cells.map(plain))]
      .map(cells => `| ${cells.join(' | ')} |`)
      .join('\n'),
  ])
  return `${[`# ${w.heading}`, w.intro, ...sections].join('\n\n')}\n`
}

export function printHtml(activities: ProcessingActivity[], language: Language): string {
  const w = words[language]
  const row = (cells: string[], tag: string) =>
    `<tr>${cells.map(cell => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  const sections = activities.map(activity =>
    [
      `<h2>${escaped(titleOf(activity))}</h2>`,
      `<dl>${linesOf(activity, w)
        .map(([label, text]) => `<dt>${escaped(label)}</dt><dd>${escaped(text)}</dd>`)
        .join('')}</dl>`,
      `<table>${row(w.columns, 'th')}${rowsOf(activity, w)
        .map(cells => row(cells, 'td'))
        .join('')}</table>`,
    ].join('\n'),
  )
  const head = `<meta charset="utf-8"><title>${escaped(w.heading)}</title><style>body{font-family:sans-serif;max-width:70em;margin:auto}dt{font-weight:bold}td,th{border:1px solid;padding:.3em;text-align:left}table{border-collapse:collapse}</style>`
  return `<!doctype html>\n<html lang="${language}">\n<head>${head}</head>\n<body>\n<h1>${escaped(w.heading)}</h1>\n<p>${escaped(w.intro)}</p>\n${sections.join('\n')}\n</body>\n</html>\n`
}

function titleOf({ dataset, title }: ProcessingActivity): string {
  return title === null ? dataset : `${title} (${dataset})`
}

function linesOf(activity: ProcessingActivity, w: Words): [label: string, text: string][] {
  const { controller, steward, purpose, legalBasis, subjects, statistics, recipients, retention, review } = activity
  const stores = Object.keys(w.stores) as (keyof typeof retention)[]
  return [
    [w.labels.controller, controller],
    [w.labels.steward, steward],
    [w.labels.purpose, purpose],
    [w.labels.legalBasis, w.bases[legalBasis]],
    [w.labels.subjects, subjects.join(', ') || w.nobody],
    [w.labels.statistics, statisticsOf(statistics, w)],
    [w.labels.recipients, recipients.join(', ') || w.noRecipients],
    [w.labels.transfers, w.unknownTransfers],
    [w.labels.retention, stores.map(store => `${w.stores[store]} ${duration(retention[store], w)}`).join(', ')],
    [w.labels.review, review ? w.reviewed(review.last, duration(review.every, w)) : w.noReview],
  ]
}

function statisticsOf(statistics: ProcessingActivity['statistics'], w: Words): string {
  const each = ({ name, fields, k, retention }: (typeof statistics)[number]) =>
    w.statistic(name, fields.join(', '), k, duration(retention, w))
  return statistics.map(each).join(', ') || w.noStatistics
}

function rowsOf({ data }: ProcessingActivity, w: Words): string[][] {
  return data.map(({ category, level, fields, measures }) => [
    category ?? w.noCategory,
    w.levels[level],
    fields.join(', '),
    measures.map(measure => w.measures[measure]).join(', '),
  ])
}

function duration(text: string, w: Words): string {
  const count = text.slice(0, -1)
  return text.endsWith('d') ? w.days(count) : w.hours(count)
}

/** What a policy says stays text in Markdown. */
const plain = (text: string) => text.replace(/\s+/g, ' ').replace(/[\\|*_`<>[\]#]/g, '\\$&')

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escaped = (text: string) => text.replace(/[&<>"']/g, character => entities[character]!)
